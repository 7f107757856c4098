"""Timers fire when they are due; those that are due at about the same time share one timer of the event loop."""

import asyncio
from functools import partial

import pytest

from fake_clock import on_fake_clock
from sealink.gateway.timer_wheel import SLOT_S, TimerWheel


@on_fake_clock
async def test_a_timer_fires_exactly_when_it_is_due() -> None:
    wheel, fired = TimerWheel(), list[float]()
    for after_s in (3600.0, 0.25, 10.0, 0.0):
        wheel.call_at(after_s, lambda: fired.append(wheel.now()))
    await asyncio.sleep(4000)
    assert fired == [0.0, 0.25, 10.0, 3600.0]
    assert not wheel.slots


@on_fake_clock
async def test_what_is_due_at_about_the_same_time_fires_together() -> None:
    wheel, fired = TimerWheel(), list[tuple[int, float]]()
    times = [5 + SLOT_S * part / 10 for part in (3, 1, 9, 5)]
    for index, when in enumerate(times):
        wheel.call_at(when, lambda index=index: fired.append((index, wheel.now())))  # type: ignore[misc]
    await asyncio.sleep(20)
    assert [index for index, _ in fired] == [1, 0, 3, 2]
    assert all(0 <= at - times[index] <= SLOT_S for index, at in fired)
    assert len({at for _, at in fired}) == 2


@on_fake_clock
async def test_a_cancelled_timer_leaves_nothing_behind() -> None:
    wheel, fired = TimerWheel(), list[str]()
    timers = [wheel.call_at(5.0, partial(fired.append, "a")), wheel.call_at(5.01, partial(fired.append, "b"))]
    kept = wheel.call_at(5.02, partial(fired.append, "c"))
    for timer in timers:
        timer.cancel()
        timer.cancel()
    await asyncio.sleep(10)
    kept.cancel()
    assert fired == ["c"]
    again = wheel.call_at(20.0, partial(fired.append, "d"))
    again.cancel()
    assert not wheel.slots


@on_fake_clock
async def test_one_that_is_due_may_cancel_another_and_set_a_new_one() -> None:
    wheel, fired = TimerWheel(), list[str]()
    other = wheel.call_at(1.0, partial(fired.append, "other"))

    def act() -> None:
        fired.append("first")
        other.cancel()
        wheel.call_at(1.0, partial(fired.append, "late"))

    wheel.call_at(0.99, act)
    await asyncio.sleep(3)
    assert fired == ["first", "late"]


@pytest.mark.parametrize("count", [1, 1000])
@on_fake_clock
async def test_a_slot_has_one_timer_of_the_loop_however_many_it_holds(count: int) -> None:
    wheel, loop = TimerWheel(), asyncio.get_running_loop()
    for number in range(count):
        wheel.call_at(50 + number * 1e-6, lambda: None)
    assert len(loop._scheduled) == 1  # type: ignore[attr-defined]


@on_fake_clock
async def test_one_that_fails_does_not_hold_up_the_others() -> None:
    wheel, fired, complaints = TimerWheel(), list[str](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    wheel.call_at(1.0, {}.popitem)  # type: ignore[arg-type]
    wheel.call_at(1.0, partial(fired.append, "other"))
    await asyncio.sleep(2)
    assert (fired, [type(complaint) for complaint in complaints]) == (["other"], [KeyError])
