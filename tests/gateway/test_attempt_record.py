"""The states of an attempt: each is entered once, and told to the target's health and the request's account."""

import time

import pytest
from fakes import FakePool, FakeUpstream
from one_exchange import CREDENTIALS, ROLE, STOP, TEXT, USAGE, Run

from fake_clock import on_fake_clock
from sealink.errors import UpstreamError, UpstreamRejected
from sealink.gateway.failover.attempt import Surroundings
from sealink.gateway.failover.attempt_record import AttemptRecord
from sealink.gateway.failover.streamed import StreamedAttempt
from sealink.gateway.operations.chat import STREAM
from sealink.gateway.timer_wheel import TimerWheel
from sealink.policy.health import Candidate
from sealink.wire.framing.sse import DONE


def begin(*upstreams: FakeUpstream) -> tuple[AttemptRecord[StreamedAttempt], Run]:
    """An attempt at the first target of an exchange, and the exchange."""
    run = Run()
    target, account = run.admitted.route.targets[0], run.exchange._account
    account.first_choice = target
    attempt = STREAM.attempt(
        run.admitted.request, target, Surroundings(FakePool(*upstreams), TimerWheel(), account.mark)
    )
    return AttemptRecord(attempt, Candidate(target, run.services.health.of(target)), account), run


def failures(run: Run) -> list[bool]:
    """Which of the attempts at the first target its breaker counts as failures."""
    breaker = run.services.health.of(run.admitted.route.targets[0]).breaker
    return [failed for _, failed in breaker._attempts]


@on_fake_clock
async def test_an_answer_that_comes_whole() -> None:
    record, run = begin(FakeUpstream(ROLE, TEXT + STOP + USAGE + DONE))
    assert repr(record) == "<AttemptRecord of a/m-a, begun>"
    await record.attempt.answer()
    record.answered()
    assert repr(record) == "<AttemptRecord of a/m-a, answered>"
    record.ended()
    assert repr(record) == "<AttemptRecord of a/m-a, ended>"
    settlement = run.exchange._account.settlement()
    assert (settlement.provider, [attempt.code for attempt in settlement.attempts]) == ("a", [None])
    assert [moment for moment, _ in settlement.timeline][-1] == "last_byte"
    assert failures(run) == [False]


@on_fake_clock
async def test_an_answer_that_breaks_off_counts_against_the_target() -> None:
    record, run = begin(FakeUpstream(ROLE, TEXT))
    await record.attempt.answer()
    record.answered()
    record.attempt.lane.close(UpstreamError("Reset."))
    record.ended()
    assert failures(run) == [False, True]


@on_fake_clock
async def test_a_failure_counts_against_the_target_if_it_is_its_fault() -> None:
    for status, expected in ((503, [True]), (400, [])):
        upstream = FakeUpstream(CREDENTIALS, status=status)
        record, run = begin(upstream)
        with pytest.raises(UpstreamRejected) as caught:
            await record.attempt.answer()
        record.failed(caught.value)
        assert (record.state, upstream.closed, failures(run)) == ("failed", True, expected)
        assert [attempt.code for attempt in run.exchange._account.settlement().attempts] == ["bad_key"]


@on_fake_clock
async def test_one_that_is_cancelled_or_lost_says_nothing_about_the_target() -> None:
    for end, code in (("cancelled", "cancelled"), ("lost", "hedge_lost")):
        record, run = begin(FakeUpstream(ROLE, TEXT))
        getattr(record, end)()
        assert (record.state, failures(run)) == (end, [])
        assert run.services.health.of(record.attempt.target).breaker.allows(time.monotonic())
        assert [attempt.code for attempt in run.exchange._account.settlement().attempts] == [code]


@on_fake_clock
async def test_a_state_is_left_once() -> None:
    record, _ = begin(FakeUpstream(ROLE, TEXT))
    record.cancelled()
    for again in (record.answered, record.cancelled, record.lost, record.ended):
        with pytest.raises(AssertionError, match="a/m-a, cancelled> cannot become"):
            again()
