"""From an event to its receipt: by way of the store, at least once, with back-off, to a dead letter."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from sealink.access.configured import Configured
from sealink.access.keys import KeyRules
from sealink.access.tables.access_store import AccessStore
from sealink.access.tables.key_table import KeyTable
from sealink.admin.operation import Call
from sealink.admin.shapes import Page
from sealink.admin.webhooks import WebhookOperations
from sealink.errors import InvalidRequest, NotFound
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import row_of
from sealink.limits.subjects import Credit, Subject
from sealink.policy.limits import UsageLimits
from sealink.webhooks.budget_events import take_thresholds
from sealink.webhooks.deliverer import Deliverer
from sealink.webhooks.events import event
from sealink.webhooks.outbox import KEEP_DEAD, Outbox, webhook_messages
from sealink.webhooks.settings import WebhookSettings
from sealink.webhooks.usage_events import BATCH, UsageEvents
from webhook_receiver import SECRET, Receiver

NOTHING = Configured({}, {})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class Webhooks:
    """A store with its outbox, an endpoint, and a deliverer that goes round when it is told to."""

    def __init__(self, store_url: str, url: str, **settings: Any) -> None:
        self.store_url = store_url
        self.endpoint = WebhookSettings(url=url, secret=SECRET, timeout_s=20, **settings)
        self.outbox = Outbox(store_url, timeout_s=20)
        self.keys: list[tuple[str, date]] = []
        self.subjects: list[Subject] = []
        self.spent: dict[str, int] = {}
        self.deliverer = Deliverer(store_url, [self.endpoint], lambda: self.keys, self._thresholds)
        self.deliverer.round()  # the audit is followed from now on

    def round(self) -> None:
        """Whatever is due later is due now."""
        with self.outbox.writing() as connection:
            connection.execute(update(webhook_messages).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))
        self.deliverer._next_rare_at = 0.0
        self.deliverer.round()

    def _thresholds(self, outbox: Outbox, endpoints: Any) -> None:
        take_thresholds(outbox, endpoints, self.subjects, self._spent, 80.0)

    def _spent(self, name: str, since_s: float, *, by_balance: bool = False) -> int:
        return self.spent.get(name, 0)

    def close(self) -> None:
        self.deliverer.close()
        self.outbox.close()


@pytest.fixture
def webhooks(store_url: str, receiver: Receiver) -> Iterator[Webhooks]:
    webhooks = Webhooks(store_url, receiver.url, max_attempts=3)
    yield webhooks
    webhooks.close()


def test_what_an_endpoint_has_no_time_for_goes_back_and_loses_no_attempt(
    webhooks: Webhooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs, with many messages, would hold up the other endpoints' next ones for minutes."""
    monkeypatch.setattr("sealink.webhooks.deliverer.ENDPOINT_S", 0.0)
    webhooks.outbox.add([event("target.down", {"model": model}) for model in ("a", "b", "c")], [webhooks.endpoint])
    webhooks.deliverer.round()
    assert len(receiver.messages) == 1
    assert [message.attempts for message in webhooks.outbox.claim(10)] == [1, 1]
    monkeypatch.undo()
    webhooks.round()
    assert sorted(body["data"]["model"] for _, body in receiver.messages) == ["a", "b", "c"]


def test_keys_that_are_made_rotated_and_revoked(webhooks: Webhooks, receiver: Receiver) -> None:
    store = AccessStore(webhooks.store_url, NOTHING, timeout_s=20)
    keys = KeyTable(store)
    keys.create("dev", KeyRules(models=("a-*",)), actor="me")
    keys.rotate("dev", actor="me")
    keys.revoke("dev", actor="you")
    store.close()
    webhooks.round()
    webhooks.round()
    assert [body["type"] for _, body in receiver.messages] == ["key.created", "key.rotated", "key.revoked"]
    made, _, revoked = (body["data"] for _, body in receiver.messages)
    assert (made["name"], made["actor"], made["key"]["models"]) == ("dev", "me", ["a-*"])
    assert (revoked["actor"], revoked["key"]["status"]) == ("you", "revoked")
    assert webhooks.deliverer.backlog == []


def test_a_key_that_expires_soon_is_told_of_once(webhooks: Webhooks, receiver: Receiver) -> None:
    today = datetime.now(UTC).date()
    webhooks.keys = [("soon", today + timedelta(days=3)), ("late", today + timedelta(days=30)), ("gone", today)]
    for _ in range(3):
        webhooks.round()
    assert receiver.of_type("key.expiring") == [{"name": "soon", "expires": str(today + timedelta(days=3))}]


def rows(numbers: range) -> list[dict[str, Any]]:
    return [
        row_of(
            Admission(request_id=f"req_{number}", key="dev", client="c", streamed=False, started_at=1.7e9, model="m"),
            Settlement(request_id=f"req_{number}", cost_nano_usd=5, price_nano_usd=7),
        )
        for number in numbers
    ]


def test_rows_are_told_in_batches_with_the_transaction_that_stores_them(webhooks: Webhooks, receiver: Receiver) -> None:
    table = RequestsTable(webhooks.store_url, timeout_s=20, also=UsageEvents([webhooks.endpoint]))
    table.insert(rows(range(BATCH + 5)))
    table.insert(rows(range(BATCH + 5)))  # a journal may be uploaded twice
    table.close()
    webhooks.round()
    batches = [each["requests"] for each in receiver.of_type("usage.created")]
    assert sorted(map(len, batches)) == [5, BATCH]
    told = [each for batch in batches for each in batch]
    assert {each["request_id"] for each in told} == {f"req_{number}" for number in range(BATCH + 5)}
    assert (told[0]["key"], told[0]["cost_nano_usd"], told[0]["price_nano_usd"]) == ("dev", 5, 7)
    assert "timeline" not in told[0]


def test_budgets_and_balances_that_come_to_an_end(webhooks: Webhooks, receiver: Receiver) -> None:
    budget = Subject("key:dev", UsageLimits(budget_usd=1.0, budget_period="month"))
    balance = Subject("key:paid", UsageLimits(), Credit(10**9, 1))
    webhooks.subjects = [budget, balance, Subject("team:blue", UsageLimits(budget_usd=2.0))]
    for spent in (79, 80, 85, 91, 99, 100, 120):
        webhooks.spent = dict.fromkeys(["key:dev", "key:paid"], spent * 10**7)
        webhooks.round()
    found = [(body["type"], body["data"]) for _, body in receiver.messages]
    assert [kind for kind, _ in found] == ["budget.warning", "balance.low", "budget.exhausted"]
    assert found[0][1] == {"key": "dev", "period": "month", "budget_usd": 1.0, "spent_usd": 0.8}
    assert found[1][1] == {"key": "paid", "paid_in_usd": 1.0, "left_usd": 0.2}


def test_a_message_that_is_not_taken_is_sent_again_and_then_a_dead_letter(
    webhooks: Webhooks, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500, 302, 503]
    told = event("target.down", {"provider": "p", "model": "m"})
    webhooks.outbox.add([told], [webhooks.endpoint])
    webhooks.deliverer.round()
    (waiting,) = webhooks.deliverer.backlog
    assert (waiting.waiting, waiting.dead, waiting.last_error) == (1, 0, "it answered 500")
    webhooks.deliverer.round()  # it is not due yet
    assert receiver.refused == [told.id]
    webhooks.round()
    webhooks.round()
    webhooks.round()
    assert receiver.refused == [told.id] * 3
    operations = WebhookOperations([webhooks.endpoint], lambda: Outbox(webhooks.store_url, timeout_s=20))
    (listed,) = operations.list(Call("", None, None)).data
    assert (listed.url, listed.waiting, listed.dead, listed.last_delivery) == (receiver.url, 0, 1, None)
    (letter,) = operations.dead(Call("", Page(), None)).data
    assert (letter.id, letter.type, letter.last_error) == (told.id, "target.down", "it answered 503")
    assert operations.retry(Call(told.id, None, None)).retried == 1
    with pytest.raises(NotFound):
        operations.retry(Call(told.id, None, None))
    webhooks.deliverer.round()
    ((received, body),) = receiver.messages
    assert (received, body["type"], body["data"]) == (told.id, told.type, told.data)
    assert operations.dead(Call("", Page(), None)).data == []
    (listed,) = operations.list(Call("", None, None)).data
    assert listed.last_delivery is not None
    assert (listed.dead, listed.last_error) == (0, None)
    webhooks.outbox.add([event("target.up", {})], [webhooks.endpoint])
    webhooks.deliverer.round()
    (again,) = operations.list(Call("", None, None)).data
    assert again.last_delivery is not None
    assert again.last_delivery >= listed.last_delivery
    texts = [record.getMessage() for record in caplog.records]
    assert sum("does not take messages" in text for text in texts) == 1
    assert sum("takes messages again" in text for text in texts) == 1
    assert not any("/hook" in text for text in texts)


def test_dead_letters_are_listed_part_by_part_each_once(webhooks: Webhooks) -> None:
    """Also where a part ends between letters of the same id, to several endpoints."""
    urls = [f"http://127.0.0.1:9/hook?a={number}&b" for number in range(3)]
    endpoints = [WebhookSettings(url=url, secret=SECRET) for url in urls]
    told = [event("target.down", {"provider": "p", "model": str(number)}) for number in range(5)]
    webhooks.outbox.add(told, endpoints)
    with webhooks.outbox.writing() as connection:
        connection.execute(update(webhook_messages).values(dead_at=datetime.now(UTC)))
    operations = WebhookOperations(endpoints, lambda: Outbox(webhooks.store_url, timeout_s=20))
    for limit in (1, 4, 15):
        found: list[tuple[str, str]] = []
        after: str | None = ""
        while after is not None:
            part = operations.dead(Call("", Page(after, limit), None))
            found += [(letter.id, letter.url) for letter in part.data]
            after = part.next
        assert found == sorted((each.id, url) for each in told for url in urls)
    with pytest.raises(InvalidRequest) as caught:
        operations.dead(Call("", Page("x"), None))
    assert caught.value.param == "after"


def test_an_endpoint_that_is_gone_gets_no_more(webhooks: Webhooks, receiver: Receiver) -> None:
    receiver.answers = [410]
    webhooks.outbox.add([event("target.up", {})], [webhooks.endpoint])
    webhooks.deliverer.round()
    assert webhooks.deliverer.backlog[0].dead == 1


def test_nobody_listens(store_url: str, tmp_path: Path) -> None:
    webhooks = Webhooks(store_url, "http://127.0.0.1:9/")
    webhooks.outbox.add([event("target.up", {})], [webhooks.endpoint])
    webhooks.deliverer.round()
    assert webhooks.deliverer.backlog[0].waiting == 1
    webhooks.deliverer.configure([])
    webhooks.round()
    assert webhooks.outbox.dead(9)[0].last_error == "the config has no such endpoint"
    with webhooks.outbox.writing() as connection:
        connection.execute(update(webhook_messages).values(dead_at=datetime.now(UTC) - 2 * KEEP_DEAD))
    webhooks.round()
    assert webhooks.outbox.dead(9) == []
    webhooks.close()


def test_what_one_process_has_claimed_no_other_sends(webhooks: Webhooks) -> None:
    webhooks.outbox.add([event("target.up", {}) for _ in range(3)], [webhooks.endpoint])
    other = Outbox(webhooks.store_url, timeout_s=20)
    assert [len(webhooks.outbox.claim(2)), len(other.claim(9)), len(webhooks.outbox.claim(9))] == [2, 1, 0]
    other.close()
