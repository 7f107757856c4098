"""Refusing requests while there are more than can be answered in time.

A request that is let in too many takes the time of those that are there already: all become late together, and then
time out together. One that is refused costs next to nothing, and its client knows when to try again.
"""

from collections.abc import Callable

from sealink.errors import ServiceUnavailable
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.telemetry.loop_lag import LoopLag


class LoadShedding:
    """A Gate. Refuses a request while `max_requests` admitted ones are under way (0: no limit), or while the event loop
    comes round more than `max_loop_lag_s` late, the second time in a row: once is what a single large request takes.

    The latter measures the load whatever it consists of, and whatever the machine is: from a request to its first token
    the loop has to come round about six times. `lag` measures it, once it is started.
    """

    def __init__(self, *, max_requests: int, max_loop_lag_s: float, under_way: Callable[[], int]) -> None:
        self.lag = LoopLag(self._turned)
        self._max_requests = max_requests
        self._max_loop_lag_s = max_loop_lag_s
        self._under_way = under_way
        self._late_turns = 0
        """How often in a row the loop has come round late."""

    def take_limits(self, max_requests: int, max_loop_lag_s: float) -> None:
        """Other limits from now on."""
        self._max_requests = max_requests
        self._max_loop_lag_s = max_loop_lag_s

    def admit(self, request: AdmittedRequest) -> None:
        """Raises ServiceUnavailable."""
        if self._late_turns and (self._late_turns > 1 or self.lag.late_s > self._max_loop_lag_s):
            raise ServiceUnavailable("SeaLink has more to do than it can do in time. Try again.")
        if self._max_requests and self._under_way() >= self._max_requests:
            raise ServiceUnavailable(f"{self._max_requests} requests are under way (max_requests). Try again.")

    def _turned(self, late_s: float) -> None:
        self._late_turns = self._late_turns + 1 if late_s > self._max_loop_lag_s else 0
