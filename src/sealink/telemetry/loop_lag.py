"""How late the event loop is: what every stream of the process waits for."""

import time
from collections.abc import Callable
from typing import Final, Protocol

EVERY_S: Final = 0.1
"""How often the loop should come round at least."""

Turned = Callable[[float], None]
"""Told how late the loop has come round, in seconds."""


class Loop(Protocol):
    """What is needed of an event loop. Its clock is not: uvloop's stands still within a turn."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> "Handle": ...


class Handle(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class LoopLag:
    """Measures by a timer every EVERY_S seconds how late it fires. `take` gives the worst since it was last taken;
    `turned` is called each time. Before `start` nothing is late."""

    def __init__(self, turned: Turned | None = None, clock: Callable[[], float] | None = None) -> None:
        self._turned = turned
        self._clock = clock or time.monotonic
        self._worst_s = 0.0
        self._due = float("inf")
        self._loop: Loop
        self._timer: Handle | None = None

    def start(self, loop: Loop) -> None:
        self._loop = loop
        self._wait()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def late_s(self) -> float:
        """How late the loop is in this very moment."""
        return max(0.0, self._clock() - self._due)

    def take(self) -> float:
        """The largest delay in seconds, at least what a timer that is due now is late."""
        worst_s, self._worst_s = max(self._worst_s, self.late_s), 0.0
        return worst_s

    def _wait(self) -> None:
        self._due = self._clock() + EVERY_S
        self._timer = self._loop.call_later(EVERY_S, self._fired)

    def _fired(self) -> None:
        late_s = self.late_s
        self._worst_s = max(self._worst_s, late_s)
        if self._turned is not None:
            self._turned(late_s)
        self._wait()
