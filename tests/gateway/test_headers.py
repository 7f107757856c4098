"""Headers that tell of a client's own words: whatever it says, they can be sent, and are short."""

import pytest
from fakes import FakeUpstream
from one_exchange import ROLE, STOP, TEXT, Run

from fake_clock import on_fake_clock
from sealink.errors import UpstreamError
from sealink.gateway.headers import MAX_NAME_CHARS, MAX_NAMES, provenance
from sealink.policy.breaker import BreakerSettings
from sealink.policy.health import MAX_KNOWN, HealthBook
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import Target
from sealink.providers.provider import Provider
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects import anthropic_messages, openai_chat
from sealink.wire.framing.sse import DONE

TARGET = Target(Provider(name="p", dialect=openai_chat.UPSTREAM, base_url="http://x/v1"), "m")


def told(model: str, *dropped: str) -> dict[str, str]:
    return dict(provenance(model, TARGET, OutgoingRequest("/", b"", dropped=dropped), is_fallback=False))


@pytest.mark.parametrize("name", ["a\r\nset-cookie: x", "é😀", "a b", "\0", ""])
def test_any_name_can_be_told(name: str) -> None:
    headers = told(name, name, "seed")
    for value in (headers["x-sealink-original-model"], headers["x-sealink-dropped"]):
        assert value.isascii()
        assert value.isprintable()
    assert headers["x-sealink-dropped"].endswith(", seed")


def test_long_names_and_lists_are_cut() -> None:
    headers = told("m" * 100_000, *(f"{index}" * 1000 for index in range(1000)))
    assert len(headers["x-sealink-original-model"]) == MAX_NAME_CHARS + 3
    assert len(headers["x-sealink-dropped"]) < MAX_NAMES * (MAX_NAME_CHARS + 10)
    assert headers["x-sealink-dropped"].endswith(f"and {1000 - MAX_NAMES} more")


def test_the_health_of_models_that_nobody_asks_for_any_more_is_forgotten() -> None:
    book = HealthBook(BreakerSettings())
    known = book.of(TARGET)
    for index in range(2 * MAX_KNOWN):
        book.of(Target(TARGET.provider, f"made-up-{index}"))
        assert book.of(TARGET) is known
    assert len(book._targets) == MAX_KNOWN


@on_fake_clock
async def test_a_fault_of_our_own_is_not_settled_as_done() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, DONE))

    def fail(*_: object) -> None:
        raise ValueError("A response header holds a line break.")

    run.responder.start = fail  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="line break"):
        await run.run()
    assert (run.settlement.ended, run.settlement.ended_by, run.settlement.code) == (
        "error",
        "sealink",
        "internal_error",
    )


@on_fake_clock
async def test_an_error_tells_who_was_asked_last_and_without_what() -> None:
    """The first target cannot be reached, the second refuses."""
    refusal = FakeUpstream(b'{"type":"error","error":{"message":"No.","type":"invalid_request_error"}}', status=400)
    run = Run(
        UpstreamError("It is not there.", code="upstream_refused"),
        refusal,
        dialect=anthropic_messages.UPSTREAM,
        retry=RetrySettings(attempts=1),
        more={"seed": 5},
    )
    error = await run.to_the_end()
    assert error is not None
    assert dict(error.headers) == {
        "x-sealink-original-model": "m",
        "x-sealink-upstream": "b",
        "x-sealink-served-model": "m-b",
        "x-sealink-fallback": "true",
        "x-sealink-dropped": "seed",
    }


@on_fake_clock
async def test_an_error_without_a_target_tells_what_was_asked_for() -> None:
    run = Run(dialect=anthropic_messages.UPSTREAM, more={"temperature": "hot"})
    error = await run.to_the_end()
    assert error is not None
    assert list(error.headers) == [("x-sealink-original-model", "m")]
    assert (run.settlement.ended, run.settlement.status) == ("refused", 400)
