"""The fake clock: what is waited for takes no time and is exact, and what can never happen is a failure."""

import asyncio
import time

import pytest

from fake_clock import STARTS_AT_S, on_fake_clock, run_on_fake_clock


@on_fake_clock
async def test_an_hour_passes_at_once_on_all_clocks() -> None:
    loop = asyncio.get_running_loop()
    began_s, began_ns = time.monotonic(), time.monotonic_ns()
    assert loop.time() == began_s == STARTS_AT_S
    await asyncio.sleep(3600)
    assert loop.time() == time.monotonic() == began_s + 3600
    assert time.monotonic_ns() == began_ns + 3600 * 10**9


@on_fake_clock
async def test_time_stands_still_while_something_is_ready() -> None:
    fired = []
    loop = asyncio.get_running_loop()
    loop.call_later(0.001, fired.append, "timer")
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not fired


@on_fake_clock
async def test_timers_fire_in_their_order() -> None:
    loop, fired = asyncio.get_running_loop(), []
    for delay_s in (3, 1, 2):
        loop.call_later(delay_s, lambda delay_s=delay_s: fired.append((delay_s, loop.time() - STARTS_AT_S)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await asyncio.Event().wait()
    assert fired == [(1, 1), (2, 2)]


def test_waiting_for_what_cannot_happen_fails() -> None:
    async def scenario() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="would wait for ever"):
        run_on_fake_clock(scenario())


def test_the_real_clocks_are_back_afterwards() -> None:
    run_on_fake_clock(asyncio.sleep(3600))
    assert time.monotonic() != STARTS_AT_S + 3600
