"""One wheel of timers for the whole process: nearly all timers are cancelled, and must cost next to nothing.

A timer that is alone in its slot fires exactly when it is due. Of several in one slot the first does, and all others
together when the last of them is due: at most a slot's width late.
"""

import asyncio
import math
from collections.abc import Callable
from functools import cached_property
from typing import Final

SLOT_S: Final = 0.1


class Timer:
    """Something to be called at a time of the event loop, unless it is cancelled."""

    __slots__ = ("_act", "_slot", "when")

    def __init__(self, when: float, act: Callable[[], None], slot: "_Slot") -> None:
        self.when = when
        self._act: Callable[[], None] | None = act
        self._slot: _Slot | None = slot

    def cancel(self) -> None:
        """Call nothing. May be called again, and after the timer has fired."""
        self._act = None
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.remove(self)

    def fire(self) -> None:
        act, self._act = self._act, None
        if act is not None:
            act()


class _Slot:
    """The timers that are due within the same `SLOT_S` seconds. It has one timer of the event loop."""

    __slots__ = ("_fires_at", "_handle", "_wheel", "number", "timers")

    def __init__(self, wheel: "TimerWheel", number: int) -> None:
        self.number = number
        self.timers: set[Timer] = set()
        self._wheel = wheel
        self._fires_at = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def add(self, timer: Timer) -> None:
        self.timers.add(timer)
        if timer.when < self._fires_at:
            self._fire_at(timer.when)

    def remove(self, timer: Timer) -> None:
        self.timers.discard(timer)
        if not self.timers:
            self._close()

    def _fire_at(self, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._fires_at = when
        self._handle = self._wheel.loop.call_at(when, self._fire)

    def _fire(self) -> None:
        loop = self._wheel.loop
        by = max(loop.time(), self._fires_at)  # uvloop's clock counts whole milliseconds
        due = sorted([timer for timer in self.timers if timer.when <= by], key=_when)
        self.timers.difference_update(due)
        for timer in due:
            timer._slot = None
            loop.call_soon(timer.fire)
        self._handle, self._fires_at = None, math.inf
        if self.timers:
            self._fire_at(max(map(_when, self.timers)))
        else:
            self._close()

    def _close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        del self._wheel.slots[self.number]


class TimerWheel:
    """The timers of one event loop."""

    def __init__(self) -> None:
        self.slots: dict[int, _Slot] = {}

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    @cached_property
    def now(self) -> Callable[[], float]:
        """The time that `call_at` counts by, in seconds."""
        return self.loop.time

    def call_at(self, when: float, act: Callable[[], None]) -> Timer:
        """Call `act` at a time of the event loop."""
        number = int(when / SLOT_S)
        slot = self.slots.get(number)
        if slot is None:
            slot = self.slots[number] = _Slot(self, number)
        timer = Timer(when, act, slot)
        slot.add(timer)
        return timer


def _when(timer: Timer) -> float:
    return timer.when
