"""Two targets side by side: the first content answers, the other is given up, and what it cost is told apart."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeUpstream, Never, services_with
from one_exchange import CREDENTIALS, OVERLOADED, ROLE, STOP, TEXT, USAGE, WHOLE, Run

from fake_clock import on_fake_clock, run_on_fake_clock
from sealink.errors import SealinkError, UpstreamError
from sealink.gateway import metering
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.ledger.entry import Attempt
from sealink.policy.hedging import HedgeSettings
from sealink.policy.retry import RetrySettings
from sealink.usage import Usage
from sealink.wire.dialects import anthropic_messages
from sealink.wire.framing.sse import DONE

SOON_S = 1.0
ANSWER = ROLE + TEXT + STOP + USAGE + DONE
OTHER_TEXT = TEXT.replace(b"Hi", b"Ho")
OTHER = ROLE + OTHER_TEXT + STOP + USAGE + DONE
SHOWN = ROLE + OTHER_TEXT + STOP + DONE
"""What a client that has not asked for usage sees of OTHER."""
CLAUDE_START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
    b'"role":"assistant","model":"claude","content":[],"stop_reason":null,'
    b'"usage":{"input_tokens":70,"output_tokens":1}}}\n\n'
)


class Cued(FakeUpstream):
    """Holds everything after its first piece back until its cue."""

    def __init__(self, *pieces: bytes | SealinkError | Never) -> None:
        super().__init__(*pieces)
        self.cue = asyncio.Event()
        self.asked = asyncio.Event()

    async def read(self) -> bytes:
        if self.asked.is_set():
            await self.cue.wait()
        self.asked.set()
        return await super().read()


def tried(run: Run) -> list[tuple[str, str | None]]:
    return [(attempt.provider, attempt.code) for attempt in run.settlement.attempts]


def nothing_is_left() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


async def a_turn() -> None:
    """Let those that were given up hear of it."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nano-dollar for a token in, ten for one out."""
    monkeypatch.setattr(
        metering, "listed_cost_nano_usd", lambda usage, provider, model: usage.input_tokens + 10 * usage.output_tokens
    )


@on_fake_clock
async def test_the_next_target_is_started_beside_a_slow_one() -> None:
    slow, fast = FakeUpstream(ROLE, Never()), FakeUpstream(OTHER)
    run = Run(slow, fast, hedge_after_s=SOON_S)
    assert await run.to_the_end() is None
    assert run.responder.body == SHOWN
    assert run.responder.headers["x-sealink-upstream"] == "b"
    assert run.responder.headers["x-sealink-fallback"] == "true"
    assert slow.closed
    assert tried(run) == [("a", "hedge_lost"), ("b", None)]
    assert (run.settlement.ended, run.settlement.provider) == ("done", "b")
    moments = [moment for moment, _ in run.settlement.timeline]
    assert moments[:5] == ["admitted", "connected", "headers", "hedged", "connected"]
    await a_turn()
    assert nothing_is_left()


@on_fake_clock
async def test_one_that_is_quick_enough_is_asked_alone() -> None:
    run = Run(FakeUpstream(OTHER), hedge_after_s=60)
    assert await run.to_the_end() is None
    assert tried(run) == [("a", None)]
    assert "x-sealink-fallback" not in run.responder.headers
    assert run.settlement.hedge_cost_nano_usd is None


@pytest.mark.parametrize("second", [(ROLE, Never()), (b": ping\n\n", Never()), (Never(),)], ids=["role", "ping", "-"])
def test_the_first_may_still_win_and_only_content_does(second: tuple[bytes | Never, ...]) -> None:
    async def test() -> None:
        first, hedge = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE), Cued(*second)
        run = Run(first, hedge, hedge_after_s=SOON_S)
        going = asyncio.ensure_future(run.to_the_end())
        await hedge.asked.wait()
        await a_turn()
        first.cue.set()
        assert await going is None
        assert run.responder.body == SHOWN
        assert "x-sealink-fallback" not in run.responder.headers
        assert hedge.closed
        assert tried(run) == [("a", None), ("b", "hedge_lost")]

    run_on_fake_clock(test())


@on_fake_clock
async def test_what_the_loser_still_says_is_not_heard() -> None:
    first, hedge = Cued(ROLE, TEXT + STOP + DONE), Cued(ROLE, OTHER_TEXT + STOP + DONE)
    run = Run(first, hedge, hedge_after_s=SOON_S)
    going = asyncio.ensure_future(run.to_the_end())
    await hedge.asked.wait()
    first.cue.set()
    hedge.cue.set()
    assert await going is None
    assert run.responder.body == ROLE + TEXT + STOP + DONE
    assert tried(run) == [("a", None), ("b", "hedge_lost")]
    await a_turn()
    assert nothing_is_left()


FAILURES: list[Callable[[], FakeUpstream | SealinkError]] = [
    lambda: Cued(ROLE, OVERLOADED),
    lambda: Cued(ROLE, UpstreamError("reset", code="upstream_reset")),
    lambda: Cued(ROLE, b"data: {nope\n\n"),
    lambda: Cued(ROLE),
]


@pytest.mark.parametrize("failing", FAILURES, ids=["error in a 200", "reset", "garbage", "empty"])
@pytest.mark.parametrize("which", ["first", "second"])
def test_when_one_fails_the_other_goes_on(failing: Callable[[], Cued], which: str) -> None:
    async def test() -> None:
        bad, good = failing(), Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
        run = Run(*((bad, good) if which == "first" else (good, bad)), hedge_after_s=SOON_S)
        going = asyncio.ensure_future(run.to_the_end())
        await bad.asked.wait()
        await good.asked.wait()
        bad.cue.set()
        await a_turn()
        assert bad.closed
        assert not going.done()
        good.cue.set()
        assert await going is None
        assert run.responder.body == SHOWN
        codes = [code for _, code in tried(run)]
        assert codes[0 if which == "second" else 1] is None
        assert codes[0 if which == "first" else 1] not in (None, "hedge_lost")
        assert ("x-sealink-fallback" in run.responder.headers) == (which == "first")

    run_on_fake_clock(test())


@on_fake_clock
async def test_a_refusal_of_one_does_not_end_the_other() -> None:
    """Alone, a 400 would be told to the client at once."""
    first = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
    run = Run(first, FakeUpstream(CREDENTIALS, status=400), hedge_after_s=SOON_S)
    going = asyncio.ensure_future(run.to_the_end())
    await first.asked.wait()
    await asyncio.sleep(2 * SOON_S)
    first.cue.set()
    assert await going is None
    assert tried(run) == [("a", None), ("b", "bad_key")]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_when_both_fail_the_rest_of_the_line_is_tried(order: tuple[str, str]) -> None:
    async def test() -> None:
        racing = {"a": Cued(ROLE, OVERLOADED), "b": Cued(ROLE, OVERLOADED)}
        run = Run(racing["a"], racing["b"], FakeUpstream(OTHER), targets=("a", "b", "c"), hedge_after_s=SOON_S)
        going = asyncio.ensure_future(run.to_the_end())
        await racing["b"].asked.wait()
        for name in order:
            racing[name].cue.set()
            await a_turn()
        assert await going is None
        assert tried(run) == [("a", "overloaded"), ("b", "overloaded"), ("c", None)]
        assert run.settlement.hedge_cost_nano_usd is None

    run_on_fake_clock(test())


@on_fake_clock
async def test_when_both_fail_and_no_other_is_left_the_last_one_is_tried_again() -> None:
    first, hedge = Cued(ROLE, OVERLOADED), Cued(ROLE, OVERLOADED)
    run = Run(first, hedge, FakeUpstream(OTHER), hedge_after_s=SOON_S)
    going = asyncio.ensure_future(run.to_the_end())
    await hedge.asked.wait()
    hedge.cue.set()
    await a_turn()
    first.cue.set()
    assert await going is None
    assert tried(run) == [("a", "overloaded"), ("b", "overloaded"), ("a", None)]


@on_fake_clock
async def test_when_all_fail_the_client_is_told_by_status() -> None:
    first, hedge = Cued(ROLE, OVERLOADED), Cued(ROLE, UpstreamError("reset", code="upstream_reset"))
    run = Run(first, hedge, hedge_after_s=SOON_S, retry=RetrySettings(attempts=1))
    going = asyncio.ensure_future(run.to_the_end())
    await hedge.asked.wait()
    first.cue.set()
    await a_turn()
    hedge.cue.set()
    error = await going
    assert error is not None
    assert error.code == "upstream_reset"
    assert not run.responder.started
    assert (run.settlement.ended, run.settlement.provider) == ("error", None)


@on_fake_clock
async def test_a_failure_before_the_delay_is_answered_by_the_next_target_as_ever() -> None:
    run = Run(UpstreamError("refused"), FakeUpstream(OTHER), hedge_after_s=60)
    assert await run.to_the_end() is None
    assert tried(run) == [("a", "upstream_error"), ("b", None)]


@on_fake_clock
async def test_a_request_is_hedged_once() -> None:
    racing = [Cued(ROLE, OVERLOADED), Cued(ROLE, OVERLOADED)]
    third = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
    run = Run(*racing, third, targets=("a", "b", "c", "d"), hedge_after_s=SOON_S)
    going = asyncio.ensure_future(run.to_the_end())
    await racing[1].asked.wait()
    for upstream in racing:
        upstream.cue.set()
    await third.asked.wait()
    await asyncio.sleep(3 * SOON_S)
    third.cue.set()
    assert await going is None
    assert len(run.pool.requests) == 3


@on_fake_clock
async def test_a_client_that_leaves_ends_both() -> None:
    first, hedge = FakeUpstream(ROLE, Never()), Cued(ROLE, Never())
    run = Run(first, hedge, hedge_after_s=SOON_S)
    task = asyncio.ensure_future(run.run())
    await hedge.asked.wait()
    run.responder.leave()
    await task
    assert first.closed
    assert hedge.closed
    assert tried(run) == [("a", "cancelled"), ("b", "hedge_lost")]
    assert (run.settlement.ended, run.settlement.usage) == ("client_gone", Usage(input_tokens=1, output_tokens=0))
    spent = run.settlement.attempts[1].usage
    assert spent is not None
    assert (spent.input_tokens, spent.output_tokens) == (1, 0)
    await a_turn()
    assert nothing_is_left()


@on_fake_clock
async def test_nobody_is_asked_for_a_client_that_has_left() -> None:
    first = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
    heartbeat = HeartbeatSettings(grace_s=0.5)
    run = Run(first, hedge_after_s=20 * SOON_S, on_disconnect="drain", heartbeat=heartbeat)
    task = await run.until_the_client_leaves()
    await asyncio.sleep(25 * SOON_S)
    first.cue.set()
    await task
    assert len(run.pool.requests) == 1
    assert run.settlement.ended == "drained"


@on_fake_clock
async def test_heartbeats_do_not_hinder_a_hedge() -> None:
    heartbeat = HeartbeatSettings(grace_s=10, interval_s=10)
    run = Run(FakeUpstream(ROLE, Never()), FakeUpstream(OTHER), hedge_after_s=25, heartbeat=heartbeat)
    assert await run.to_the_end() is None
    beats, rest = run.responder.body[: -len(SHOWN)], run.responder.body[-len(SHOWN) :]
    assert rest == SHOWN
    assert beats == b":\n" * 2


@on_fake_clock
async def test_the_total_time_counts_from_the_request_and_not_from_the_hedge() -> None:
    run = Run(FakeUpstream(ROLE, Never()), FakeUpstream(ROLE, TEXT, Never()), hedge_after_s=20, total_s=30)
    assert await run.to_the_end() is None
    assert run.settlement.code == "total"
    assert run.settlement.duration_ms == 30_000


@on_fake_clock
async def test_a_hedge_that_is_too_slow_as_well_is_a_timeout_of_its_own() -> None:
    run = Run(
        FakeUpstream(ROLE, Never()),
        FakeUpstream(ROLE, Never()),
        hedge_after_s=2,
        first_content_s=5,
        retry=RetrySettings(attempts=1),
    )
    error = await run.to_the_end()
    assert error is not None
    assert (error.status, error.code) == (504, "first_content")
    assert tried(run) == [("a", "first_content"), ("b", "first_content")]


@on_fake_clock
async def test_a_whole_answer_is_never_hedged() -> None:
    slow = Cued(WHOLE[:20], WHOLE[20:])
    run = Run(slow, stream=False, hedge_after_s=1)
    going = asyncio.ensure_future(run.to_the_end())
    await slow.asked.wait()
    await asyncio.sleep(10)
    slow.cue.set()
    assert await going is None
    assert tried(run) == [("a", None)]


# What it costs


async def lost_by(loser: FakeUpstream | Never, **options: Any) -> Run:
    """An exchange that was hedged, and whose second target has answered."""
    run = Run(loser, FakeUpstream(OTHER), hedge_after_s=SOON_S, **options)
    assert await run.to_the_end() is None
    assert run.settlement.attempts[1] == Attempt("b", "m-b")
    return run


@pytest.mark.usefixtures("priced")
def test_what_the_loser_has_cost_is_estimated_and_booked_apart() -> None:
    async def test() -> None:
        settlement = (await lost_by(FakeUpstream(ROLE, Never()))).settlement
        assert settlement.attempts[0] == Attempt("a", "m-a", "hedge_lost", Usage(3), "estimated", 3)
        assert (settlement.usage_source, settlement.usage) == ("provider", Usage(3, 1))
        assert (settlement.cost_nano_usd, settlement.hedge_cost_nano_usd) == (13, 3)

    run_on_fake_clock(test())


@pytest.mark.usefixtures("priced")
def test_what_the_losers_provider_had_said_counts() -> None:
    async def test() -> None:
        run = await lost_by(FakeUpstream(CLAUDE_START, Never()), dialects={"a": anthropic_messages.UPSTREAM})
        assert run.settlement.attempts[0] == Attempt("a", "m-a", "hedge_lost", Usage(70, 1), "partial", 80)
        assert run.settlement.hedge_cost_nano_usd == 80

    run_on_fake_clock(test())


@pytest.mark.usefixtures("priced")
def test_one_that_was_not_even_reached_has_cost_nothing() -> None:
    async def test() -> None:
        run = await lost_by(Never())
        assert run.settlement.attempts[0] == Attempt("a", "m-a", "hedge_lost")
        assert run.settlement.hedge_cost_nano_usd == 0

    run_on_fake_clock(test())


@on_fake_clock
async def test_a_price_that_is_not_known_is_not_made_up() -> None:
    settlement = (await lost_by(FakeUpstream(ROLE, Never()))).settlement
    assert settlement.attempts[0].cost_nano_usd is settlement.hedge_cost_nano_usd is None


# How often


@on_fake_clock
async def test_to_lose_is_no_failure_and_tells_nothing_of_a_targets_speed() -> None:
    run = Run()
    services = run.services
    for _ in range(8):
        hedged = Run(FakeUpstream(ROLE, Never()), FakeUpstream(OTHER), hedge_after_s=1, services=services)
        await hedged.to_the_end()
        assert tried(hedged) == [("a", "hedge_lost"), ("b", None)]
    health = services.health.of(run.admitted.route.targets[0])
    assert health.breaker.state(asyncio.get_running_loop().time()) == "closed"
    assert health.ttft_s is None


@on_fake_clock
async def test_no_more_than_a_share_of_the_requests_is_hedged() -> None:
    services = services_with(Run().pool, hedge=HedgeSettings(max_share=0.0))
    codes = []
    for patience_s in [50.0] * 10 + [5.0] * 2:
        upstreams = FakeUpstream(ROLE, Never()), FakeUpstream(OTHER)
        run = Run(*upstreams, hedge_after_s=1, first_content_s=patience_s, services=services)
        assert await run.to_the_end() is None
        codes.append(tried(run)[0][1])
    assert codes == ["hedge_lost"] * 10 + ["first_content"] * 2


@on_fake_clock
async def test_requests_that_cannot_be_hedged_do_not_count() -> None:
    services = services_with(Run().pool, hedge=HedgeSettings(max_share=1.0))
    while services.hedging._budget.take():
        pass
    for options in ({"stream": False}, {"targets": ("a",)}, {"hedge_after_s": 0.0}):
        arguments = {"hedge_after_s": 60.0, **options}
        run = Run(FakeUpstream(OTHER if arguments.get("stream", True) else WHOLE), services=services, **arguments)  # type: ignore[arg-type]
        await run.to_the_end()
    assert not services.hedging._budget.take()


@on_fake_clock
async def test_a_target_that_is_down_is_not_asked_to_help() -> None:
    first = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
    run = Run(first, hedge_after_s=SOON_S)
    breaker = run.services.health.of(run.admitted.route.targets[1]).breaker
    for _ in range(5):
        breaker.failed(asyncio.get_running_loop().time())
    going = asyncio.ensure_future(run.to_the_end())
    await asyncio.sleep(3 * SOON_S)
    first.cue.set()
    assert await going is None
    assert tried(run) == [("a", None)]


@on_fake_clock
async def test_a_target_that_cannot_be_told_the_request_does_not_end_the_race() -> None:
    first = Cued(ROLE, OTHER_TEXT + STOP + USAGE + DONE)
    run = Run(first, hedge_after_s=SOON_S, dialects={"b": anthropic_messages.UPSTREAM}, more={"n": 2})
    going = asyncio.ensure_future(run.to_the_end())
    await asyncio.sleep(3 * SOON_S)
    first.cue.set()
    assert await going is None
    assert tried(run) == [("a", None)]
