"""How long nothing has been heard, and what is due then."""

import asyncio
import math
from collections.abc import Callable


class Silence:
    """Calls what is due after so many seconds without a `heard`, as often as they pass.

    One timer for each thing due, not one for each thing heard: a timer that fires looks how long the
    silence has been, and sleeps for the rest. `longest_s` is the longest silence that was broken; `broken` is
    called when one of more than `long_s` seconds is.
    """

    def __init__(self, long_s: float, broken: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self.since = self.now()
        self.longest_s = 0.0
        self._long_s = long_s
        self._broken = broken
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}

    def due(self, after_s: float, act: Callable[[], None]) -> None:
        """Call `act` whenever it has been silent for `after_s` seconds, counted from the last call too."""
        self._arm(after_s, act, after_s, self.now())

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
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _arm(self, after_s: float, act: Callable[[], None], delay_s: float, acted_at: float) -> None:
        self._timers[act] = self._loop.call_later(delay_s, self._check, after_s, act, acted_at)

    def _check(self, after_s: float, act: Callable[[], None], acted_at: float) -> None:
        now = self.now()
        rest_s = max(self.since, acted_at) + after_s - now
        if rest_s <= 0:
            self._arm(after_s, act, after_s, now)
            act()
        else:
            self._arm(after_s, act, min(rest_s, after_s), acted_at)
