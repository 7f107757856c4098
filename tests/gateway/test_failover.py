"""From attempt to attempt: how long they may take together, what is told of them, what they cost."""

import asyncio
import time
from email.utils import formatdate

import pytest
from fakes import FakeUpstream, Never
from one_exchange import ROLE, STOP, TEXT, WHOLE, Gate, Run

from fake_clock import on_fake_clock
from sealink.errors import GatewayTimeout, UpstreamError, UpstreamRejected
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings
from sealink.policy.retry import Next, RetrySettings, after, wait_s
from sealink.usage import Usage
from sealink.wire.framing.sse import DONE


@on_fake_clock
async def test_the_total_time_counts_before_the_first_content_too() -> None:
    run = Run(FakeUpstream(ROLE, Never()), total_s=5, targets=("a",))
    error = await run.to_the_end()
    assert isinstance(error, GatewayTimeout)
    assert error.code == "total"


@pytest.mark.parametrize("stream", [True, False])
def test_all_attempts_together_have_the_total_time(stream: bool) -> None:
    @on_fake_clock
    async def run_both() -> None:
        run = Run(Never(), FakeUpstream(ROLE, TEXT, STOP, DONE), stream=stream, total_s=5)
        error = await run.to_the_end()
        assert isinstance(error, GatewayTimeout)
        assert error.code == "total"
        assert len(run.pool.requests) == 1  # there is no time for another target

    run_both()


@on_fake_clock
async def test_a_whole_answer_that_stops_in_the_middle_is_not_waited_for() -> None:
    run = Run(FakeUpstream(WHOLE[:40], Never()), FakeUpstream(WHOLE), stream=False, idle_s=5)
    assert await run.to_the_end() is None
    assert [attempt.code for attempt in run.settlement.attempts] == ["idle", None]


@on_fake_clock
async def test_a_whole_answer_may_take_its_time_to_begin() -> None:
    class Thinks(FakeUpstream):
        async def read(self) -> bytes:
            if self._pieces:
                await asyncio.sleep(50)
            return await super().read()

    run = Run(Thinks(WHOLE), stream=False, idle_s=2, targets=("a",))
    assert await run.to_the_end() is None


@on_fake_clock
async def test_nothing_is_begun_anew_for_a_client_that_leaves_while_it_is_waited() -> None:
    settings = RetrySettings(first_delay_s=5)
    run = Run(UpstreamError("Reset."), FakeUpstream(WHOLE), on_disconnect="drain", targets=("a",), retry=settings)
    task = asyncio.ensure_future(run.run())
    while not run.pool.requests:
        await asyncio.sleep(0)
    run.responder.leave()
    with pytest.raises(UpstreamError):
        await task
    assert len(run.pool.requests) == 1


def test_an_upstream_may_forbid_a_retry() -> None:
    headers = [("x-should-retry", "false")]
    error = UpstreamRejected("Busy.", status=500, type="upstream_error", headers=headers)
    assert after(error, tries=1, has_next=False, settings=RetrySettings(), now=0.0) is Next.GIVE_UP
    assert after(error, tries=1, has_next=True, settings=RetrySettings(), now=0.0) is Next.NEXT_TARGET


@on_fake_clock
async def test_a_client_is_told_that_the_first_choice_was_passed_over() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, DONE))
    for _ in range(5):
        run.services.health.of(run.admitted.route.targets[0]).breaker.failed(time.monotonic())
    assert await run.to_the_end() is None
    assert run.responder.headers["x-sealink-fallback"] == "true"


@pytest.mark.parametrize("stream", [True, False])
def test_a_prompt_is_paid_for_though_its_client_leaves_before_the_answer(stream: bool) -> None:
    @on_fake_clock
    async def run_it() -> None:
        run = Run(FakeUpstream(Never()), stream=stream)
        task = asyncio.ensure_future(run.run())
        while not any(moment == "headers" for moment, _ in run.exchange._account._timeline.marks):
            await asyncio.sleep(0)
        run.responder.leave()
        await task
        settlement = run.settlement
        assert (settlement.provider, settlement.ended, settlement.ttft_ms) == ("a", "client_gone", None)
        assert (settlement.usage, settlement.usage_source) == (Usage(input_tokens=1, output_tokens=0), "estimated")

    run_it()


@on_fake_clock
async def test_what_was_never_asked_costs_nothing() -> None:
    run = Run(Never())
    task = asyncio.ensure_future(run.run())
    while not run.pool.requests:
        await asyncio.sleep(0)
    run.responder.leave()
    await task
    assert (run.settlement.usage, run.settlement.provider) == (None, None)


@on_fake_clock
async def test_nothing_is_sent_to_a_client_that_has_left() -> None:
    class Bores(FakeUpstream):
        async def read(self) -> bytes:
            run.responder.leave()
            return await super().read()

    run = Run(Bores(WHOLE), stream=False, on_disconnect="drain")
    await run.run()
    assert (run.settlement.ended, run.settlement.bytes_sent) == ("drained", 0)


def test_a_date_to_retry_after_is_heeded() -> None:
    now = 1_795_377_600.0
    settings = RetrySettings()

    def busy(when: str) -> UpstreamRejected:
        return UpstreamRejected("Busy.", status=429, type="rate_limit_exceeded", headers=[("Retry-After", when)])

    def step(when: str) -> Next:
        return after(busy(when), tries=1, has_next=False, settings=settings, now=now)

    assert step(formatdate(now + 2, usegmt=True)) is Next.SAME_TARGET
    assert wait_s(busy(formatdate(now + 2, usegmt=True)), tries=1, settings=settings, jitter=0.0, now=now) == 2.0
    assert step(formatdate(now + 600, usegmt=True)) is Next.GIVE_UP
    assert step(formatdate(now - 600, usegmt=True)) is Next.SAME_TARGET
    for nonsense in ("soon", "-5", "", "Sun, 99 Nov 99999999999 99:00:00 GMT"):
        assert wait_s(busy(nonsense), tries=1, settings=settings, jitter=1.0, now=now) == settings.first_delay_s


@on_fake_clock
async def test_a_drain_counts_events_however_many_come_at_once() -> None:
    upstream = Gate(ROLE, TEXT, TEXT * 20, Never())
    run = Run(upstream, on_disconnect="drain")
    run.services.finish = FinishSettings(max_tokens=10)
    task = await run.until_the_client_leaves()
    upstream.open.set()
    await task
    assert (run.settlement.ended, run.settlement.code) == ("client_gone", "drain_limit")
