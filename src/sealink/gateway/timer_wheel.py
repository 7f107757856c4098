"""One wheel of timers for the whole process: nearly all timers are cancelled, and must cost next to nothing.

A timer that is alone in its slot fires exactly when it is due. Of several in one slot the first does, and all others
together when the last of them is due: at most a slot's width late.
"""

import asyncio
import math
from collections.abc import Callable
from functools import cached_property
from heapq import heappop, heappush
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
    """The timers that are due within the same `SLOT_S` seconds; it is looked at when `looked_at` comes."""

    __slots__ = ("_slots", "looked_at", "number", "timers")

    def __init__(self, slots: "dict[int, _Slot]", number: int) -> None:
        self.number = number
        self.timers: set[Timer] = set()
        self.looked_at = math.inf
        self._slots = slots

    def remove(self, timer: Timer) -> None:
        self.timers.discard(timer)
        if not self.timers:
            del self._slots[self.number]

    def take_due(self, by: float) -> list[Timer]:
        """The timers that are due, in their order. The others come together with their last."""
        due = sorted([timer for timer in self.timers if timer.when <= by], key=_when)
        for timer in due:
            timer._slot = None
            self.remove(timer)
        if self.timers:
            self.looked_at = max(map(_when, self.timers))
        return due


class TimerWheel:
    """The timers of one event loop, of which it has one of its own: for the first slot."""

    def __init__(self) -> None:
        self.slots: dict[int, _Slot] = {}
        """Those with timers."""
        self._numbers: list[int] = []
        self._queued: set[int] = set()
        """The numbers of all slots, as a heap and as a set. One without timers stays until it would be the first: most
        are needed again before that."""
        self._handle: asyncio.TimerHandle | None = None
        self._fires_at = math.inf

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
        slot = self.slots.get(number) or self._open(number)
        timer = Timer(when, act, slot)
        slot.timers.add(timer)
        if when < slot.looked_at:
            slot.looked_at = when
            if when < self._fires_at:
                self._fire_at(when)
        return timer

    def _open(self, number: int) -> _Slot:
        slot = self.slots[number] = _Slot(self.slots, number)
        if number not in self._queued:
            self._queued.add(number)
            heappush(self._numbers, number)
        return slot

    def _fire_at(self, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._fires_at = when
        self._handle = self.loop.call_at(when, self._fire)

    def _fire(self) -> None:
        by = max(self.loop.time(), self._fires_at)  # uvloop's clock counts whole milliseconds
        self._handle, self._fires_at = None, math.inf
        while (slot := self._first()) is not None and slot.looked_at <= by:
            for timer in slot.take_due(by):
                self.loop.call_soon(timer.fire)
        if slot is not None:
            self._fire_at(slot.looked_at)

    def _first(self) -> _Slot | None:
        """The first slot with timers."""
        numbers = self._numbers
        while numbers and numbers[0] not in self.slots:
            self._queued.discard(heappop(numbers))
        return self.slots[numbers[0]] if numbers else None


def _when(timer: Timer) -> float:
    return timer.when
