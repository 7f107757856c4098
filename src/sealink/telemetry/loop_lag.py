"""How late the event loop is: what every stream of the process waits for."""

from collections.abc import Callable
from typing import Final, Protocol

EVERY_S: Final = 0.25


class Loop(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None]) -> "Handle": ...


class Handle(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class LoopLag:
    """Measures by a timer every EVERY_S seconds how late it fires. `take` gives the worst since it was last taken."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._worst_s = 0.0
        self._wait()

    def take(self) -> float:
        """The largest delay in seconds, at least what a timer that is due now is late."""
        worst_s, self._worst_s = max(self._worst_s, self._loop.time() - self._due), 0.0
        return worst_s

    def stop(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._due = self._loop.time() + EVERY_S
        self._timer = self._loop.call_later(EVERY_S, self._fired)

    def _fired(self) -> None:
        self._worst_s = max(self._worst_s, self._loop.time() - self._due)
        self._wait()
