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
from collections.abc import Callable
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


class BreakerChange(msgspec.Struct, frozen=True):
    """A target is down, or up again. `failures` of the last `attempts` failed; it was down for `down_s` seconds."""

    is_up: bool
    failures: int = 0
    attempts: int = 0
    down_s: float = 0.0


def _ignore(_: BreakerChange) -> None:
    """Nobody wants to know."""


class CircuitBreaker:
    """One target's breaker: `allows` decides; `began` and one of the others report each attempt.

    `on_change` is called when the target goes down, and when it is up again; not for probes that fail between.
    """

    def __init__(self, settings: BreakerSettings, on_change: Callable[[BreakerChange], None] = _ignore) -> None:
        self._settings = settings
        self._on_change = on_change
        self._down_since: float | None = None
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
        if self._down_since is not None:
            down_s, self._down_since = now - self._down_since, None
            self._on_change(BreakerChange(True, down_s=down_s))

    def failed(self, now: float) -> None:
        """An attempt failed, and the target was at fault."""
        self._count(now, failed=True)
        if self._opened_at is not None or self._is_failing():
            self._opened_at, self._probing = now, False
            if self._down_since is None:
                self._down_since = now
                self._on_change(BreakerChange(False, self._failures, len(self._attempts)))

    def abandoned(self) -> None:
        """An attempt ended without a result that says anything about the target (the client left)."""
        self._probing = False

    def _count(self, now: float, *, failed: bool) -> None:
        self._attempts.append((now, failed))
        while self._attempts[0][0] < now - self._settings.window_s:
            self._attempts.popleft()

    @property
    def _failures(self) -> int:
        return sum(failed for _, failed in self._attempts)

    def _is_failing(self) -> bool:
        enough = len(self._attempts) >= self._settings.min_attempts
        return enough and self._failures >= self._settings.failure_share * len(self._attempts)
