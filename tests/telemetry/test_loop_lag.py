"""How late the loop is, by a clock that the test moves."""

from collections.abc import Callable

from sealink.telemetry.loop_lag import EVERY_S, LoopLag


class HandLoop:
    """A loop whose timers fire when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[Callable[[], None]] = []

    def clock(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> "HandLoop":
        self.due.append(callback)
        return self

    def cancel(self) -> None:
        self.due.clear()

    def fire(self, *, late_s: float) -> None:
        self.now += EVERY_S + late_s
        self.due.pop(0)()


def measured(loop: HandLoop, turned: Callable[[float], None] | None = None) -> LoopLag:
    lag = LoopLag(turned, loop.clock)
    lag.start(loop)
    return lag


def test_the_worst_delay_since_it_was_last_taken() -> None:
    loop = HandLoop()
    lag = measured(loop)
    for late_s in (0.5, 2.0, 0.25):
        loop.fire(late_s=late_s)
    assert lag.take() == 2.0
    loop.fire(late_s=0.125)
    assert lag.take() == 0.125
    assert lag.take() == 0.0


def test_a_loop_that_is_stuck_is_late_before_its_timer_fires() -> None:
    loop = HandLoop()
    lag = measured(loop)
    loop.now += EVERY_S + 3.0
    assert lag.take() == 3.0


def test_it_stops() -> None:
    loop = HandLoop()
    measured(loop).stop()
    assert loop.due == []


def test_each_turn_is_told_how_late_it_comes() -> None:
    loop, told = HandLoop(), list[float]()
    lag = measured(loop, told.append)
    for late_s in (0.5, 0.0):
        loop.fire(late_s=late_s)
    assert [round(late_s, 6) for late_s in told] == [0.5, 0.0]
    loop.now += EVERY_S + 0.25
    assert round(lag.late_s, 6) == 0.25


def test_before_it_is_started_nothing_is_late() -> None:
    assert LoopLag().take() == 0.0
