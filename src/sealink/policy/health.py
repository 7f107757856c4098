"""Each target's recent attempts: whether it is up, and how soon it answers; and the order that follows from that."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from sealink.policy.breaker import BreakerChange, BreakerSettings, CircuitBreaker, State
from sealink.policy.routing import Choice, Target

_NEWEST_WEIGHS = 0.2


class TargetHealth:
    """One target's breaker, and a moving average of its seconds to first content (None before the first)."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self.breaker = breaker
        self.ttft_s: float | None = None

    def failed(self, now: float, *, at_fault: bool) -> None:
        """An attempt failed. It counts against the target only if that was at fault."""
        if at_fault:
            self.breaker.failed(now)
        else:
            self.breaker.abandoned()

    def answered(self, ttft_s: float, now: float) -> None:
        """An attempt brought content after `ttft_s` seconds."""
        self.breaker.succeeded(now)
        if self.ttft_s is None:
            self.ttft_s = ttft_s
        else:
            self.ttft_s += _NEWEST_WEIGHS * (ttft_s - self.ttft_s)


MAX_KNOWN: Final = 4096
"""Targets whose health is kept: clients may ask for any model that a pattern matches."""


TargetWatch = Callable[[str, str, BreakerChange], None]
"""Is told that a target, a provider's name and a model's, is down or up again."""


def _ignore(provider: str, model: str, change: BreakerChange) -> None:
    """Nobody wants to know."""


class HealthBook:
    """The health of the targets that were tried most recently, by provider and model."""

    def __init__(self, settings: BreakerSettings, on_change: TargetWatch = _ignore) -> None:
        self._settings = settings
        self._on_change = on_change
        self._targets: dict[tuple[str, str], TargetHealth] = {}

    def of(self, target: Target) -> TargetHealth:
        """The health of a target; a new one if it has not been tried recently."""
        place, targets = (target.provider.name, target.model), self._targets
        known = targets.get(place)
        if known is None or len(targets) > MAX_KNOWN // 2:  # mostly there are a few, and no order is needed
            known = known or self._new(place)
            targets.pop(place, None)
            targets[place] = known  # the newest is the last
            if len(targets) > MAX_KNOWN:
                del targets[next(iter(targets))]
        return known

    def states(self, now: float) -> list[tuple[str, str, State]]:
        """Each known target's provider, model and breaker's state."""
        return [(*place, health.breaker.state(now)) for place, health in self._targets.items()]

    def _new(self, place: tuple[str, str]) -> TargetHealth:
        return TargetHealth(CircuitBreaker(self._settings, partial(self._on_change, *place)))


class Candidate(msgspec.Struct, frozen=True):
    """A target, and its health."""

    target: Target
    health: TargetHealth


def arrange(candidates: Iterable[Candidate], choice: Choice, draw: float) -> list[Candidate]:
    """The candidates in the order in which to try them. `draw` is a random number in [0, 1).

    Under `lowest_ttft`, targets without a known time come first: else they would never be tried.
    """
    arranged = list(candidates)
    if choice == "lowest_ttft":
        arranged.sort(key=lambda candidate: candidate.health.ttft_s or 0.0)
    elif choice == "weighted":
        first = _drawn(arranged, draw)
        arranged.remove(first)
        arranged.insert(0, first)
    return arranged


def _drawn(candidates: list[Candidate], draw: float) -> Candidate:
    mark = draw * sum(candidate.target.weight for candidate in candidates)
    for candidate in candidates:
        mark -= candidate.target.weight
        if mark < 0:
            return candidate
    return candidates[-1]
