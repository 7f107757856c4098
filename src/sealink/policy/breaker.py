"""When a target that fails is not tried for a while, so that no request waits for one that is down.

    state       event                                   next
    ─────────   ─────────────────────────────────────   ─────────
    closed      too large a share of failures           open
    open        `open_s` seconds have passed            half-open
    half-open   the one probe succeeds                  closed
    half-open   the probe fails                         open

Times are those of a monotonic clock in seconds; the caller gives them.
"""

from collections import deque
from typing import Literal

import msgspec

from sealink.amounts import Delay, Seconds, Share, Size

State = Literal["closed", "open", "half-open"]


class BreakerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[breaker]: when a target that fails is not tried for a while."""

    window_s: Seconds = 30.0
    """The time over which attempts and failures are counted."""
    min_attempts: Size = 5
    """Fewer attempts than this in that time prove nothing."""
    failure_share: Share = 0.5
    """With so large a share of failures a target is not tried any more."""
    open_s: Delay = 10.0
    """For so long; then one request tries it, and decides how it goes on."""


class CircuitBreaker:
    """One target's breaker: `allows` decides; `began` and one of the others report each attempt."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._attempts: deque[tuple[float, bool]] = deque()
        self._opened_at: float | None = None
        self._probing = False

    def state(self, now: float) -> State:
        if self._opened_at is None:
            return "closed"
        return "half-open" if now >= self._opened_at + self._settings.open_s else "open"

    def allows(self, now: float) -> bool:
        """Whether an attempt should be made. In the half-open state only one is, the probe."""
        state = self.state(now)
        return state == "closed" or (state == "half-open" and not self._probing)

    def began(self, now: float) -> None:
        """An attempt is made, perhaps one that is not allowed: where there is no other target, it is made anyway."""
        self._probing = self.state(now) == "half-open"

    def succeeded(self, now: float) -> None:
        """An attempt brought content."""
        if self._opened_at is not None:
            self._attempts.clear()
        self._opened_at, self._probing = None, False
        self._count(now, failed=False)

    def failed(self, now: float) -> None:
        """An attempt failed, and the target was at fault."""
        self._count(now, failed=True)
        if self._opened_at is not None or self._is_failing():
            self._opened_at, self._probing = now, False

    def abandoned(self) -> None:
        """An attempt ended without a result that says anything about the target (the client left)."""
        self._probing = False

    def _count(self, now: float, *, failed: bool) -> None:
        self._attempts.append((now, failed))
        while self._attempts[0][0] < now - self._settings.window_s:
            self._attempts.popleft()

    def _is_failing(self) -> bool:
        failures = sum(failed for _, failed in self._attempts)
        enough = len(self._attempts) >= self._settings.min_attempts
        return enough and failures >= self._settings.failure_share * len(self._attempts)
