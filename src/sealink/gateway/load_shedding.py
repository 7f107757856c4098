"""Refusing requests while there are more than can be answered in time.

A request that is let in too many takes the time of those that are there already: all become late together, and then
time out together. One that is refused costs next to nothing, and its client knows when to try again.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sealink.errors import ServiceUnavailable
from sealink.gateway.admitted_request import AdmittedRequest

LOOK_S: Final = 0.1
"""How often the event loop should come round at least."""


class LoadShedding:
    """A Gate. Refuses a request while `max_requests` are under way (0: no limit), or while the event loop is more than
    `max_loop_lag_s` behind: it has not come round for so long, or had not the last time.

    The latter measures the load whatever it consists of, and whatever the machine is: a loop that is that late takes
    as long to notice that an upstream is connected, or has answered.
    """

    def __init__(self, *, max_requests: int, max_loop_lag_s: float, under_way: Callable[[], int]) -> None:
        self._max_requests = max_requests
        self._max_loop_lag_s = max_loop_lag_s
        self._under_way = under_way
        self._late_at = float("inf")
        """When the loop will be too late, if it does not come round; 0: it was."""
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch the running loop from now on."""
        self._watch(time.monotonic() + LOOK_S + self._max_loop_lag_s)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def admit(self, request: AdmittedRequest) -> None:
        """Raises ServiceUnavailable."""
        if time.monotonic() > self._late_at:
            raise ServiceUnavailable("SeaLink has more to do than it can do in time. Try again.")
        if self._max_requests and self._under_way() > self._max_requests:
            raise ServiceUnavailable(f"{self._max_requests} requests are under way (max_requests). Try again.")

    def _watch(self, late_at: float) -> None:
        now = time.monotonic()
        self._late_at = next_late_at = now + LOOK_S + self._max_loop_lag_s
        if now > late_at:
            self._late_at = 0.0
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._watch, next_late_at)
