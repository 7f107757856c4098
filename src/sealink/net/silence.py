"""How long nothing has been heard, and what is due then."""

import asyncio
import math
from collections.abc import Callable

import msgspec


class _Due(msgspec.Struct, eq=False):
    """Something to do `after_s` seconds after `since`; again and again, after so much silence, if it `repeats`."""

    act: Callable[[], None]
    after_s: float
    since: float
    repeats: bool


class Silence:
    """Calls what is due after so many seconds without a `heard`, as often as they pass.

    One timer for all that is due, not one for each thing heard: when it fires it is looked how long the silence has
    been, and the timer is set for the rest. `longest_s` is the longest silence that was broken; `broken` is
    called when one of more than `long_s` seconds is.
    """

    def __init__(self, long_s: float, broken: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.since = self.now()
        self.longest_s = 0.0
        self._long_s = long_s
        self._broken = broken
        self._dues: list[_Due] = []
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = math.inf

    def due(self, after_s: float, act: Callable[[], None]) -> None:
        """Call `act` whenever it has been silent for `after_s` seconds, counted from the last call too."""
        self._add(_Due(act, after_s, self.now(), repeats=True))

    def once(self, after_s: float, act: Callable[[], None]) -> None:
        """Call `act` in `after_s` seconds, silent or not."""
        self._add(_Due(act, after_s, self.now(), repeats=False))

    def heard(self) -> None:
        """Something has come."""
        now = self.now()
        silent_s = now - self.since
        self.since = now
        if silent_s > self.longest_s:
            self.longest_s = silent_s
        if silent_s > self._long_s:
            self._broken()

    def pause(self) -> None:
        """Nothing is expected until the next `resume`."""
        self.since = math.inf

    def resume(self) -> None:
        """Something is expected again; the pause was no silence."""
        self.since = self.now()

    def stop(self) -> None:
        """Nothing is due any more."""
        self._dues.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _add(self, due: _Due) -> None:
        self._dues.append(due)
        self._look_at(due.since + due.after_s)

    def _look_at(self, when: float) -> None:
        """Have the timer fire then, if it does not before."""
        if self._timer is not None:
            if self._fires_at <= when:
                return
            self._timer.cancel()
        self._fires_at = when
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self.now()
        for due in self._dues.copy():
            if self._ends_at(due) <= now:
                if due.repeats:
                    due.since = now
                else:
                    self._dues.remove(due)
                due.act()
        if self._dues:
            self._look_at(min([min(self._ends_at(due), now + due.after_s) for due in self._dues]))

    def _ends_at(self, due: _Due) -> float:
        return (max(self.since, due.since) if due.repeats else due.since) + due.after_s
