"""Messages: their signatures, and when they are sent again; and what [[webhooks]] may say."""

from datetime import UTC, datetime

import pytest

from sealink.webhooks.events import delay_s, event, headers_of
from sealink.webhooks.settings import WebhookSettings, wrong_webhook
from webhook_receiver import SECRET


def test_a_signature_of_the_libraries_own_tests() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, of which Svix's is the oldest."""
    headers = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', SECRET, 1614265330)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_message_is_the_same_whenever_it_is_sent() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    first, second = (event("key.revoked", {"name": "dev"}, of=("7",), at=at) for _ in range(2))
    assert first == second
    assert first.body == '{"type":"key.revoked","timestamp":"2026-01-02T00:00:00Z","data":{"name":"dev"}}'
    assert event("key.revoked", {}, of=("8",)).id != first.id
    assert event("target.up", {}).id != event("target.up", {}).id


def test_it_is_sent_again_ever_later() -> None:
    assert [delay_s(attempts) for attempts in (1, 2, 3, 9, 10, 99)] == [5, 300, 1800, 86_400, 86_400, 86_400]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({}, None),
        ({"url": "ftp://example.org"}, "url"),
        ({"url": "https://"}, "url"),
        ({"secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "secret"),
        ({"secret": "whsec_c2hvcnQ="}, "secret"),
        ({"secret": "whsec_?"}, "secret"),
        ({"events": ("key.*", "keys.*")}, "events"),
    ],
)
def test_what_a_table_may_say(changed: dict[str, object], field: str | None) -> None:
    values = {"url": "https://example.org/hook", "secret": SECRET, **changed}
    wrong = [name for name, _ in wrong_webhook(WebhookSettings(**values))]  # type: ignore[arg-type]
    assert wrong == ([field] if field else [])


def test_an_endpoint_gets_what_it_wants() -> None:
    endpoint = WebhookSettings(url="https://example.org", secret=SECRET, events=("key.*", "usage.created"))
    assert [endpoint.wants(each) for each in ("key.revoked", "usage.created", "target.up")] == [True, True, False]
