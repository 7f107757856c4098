"""Whether a second target is tried beside one that is slow: the first to bring content answers."""

import msgspec

from sealink.amounts import Delay, Share
from sealink.policy.breaker import CircuitBreaker
from sealink.policy.token_bucket import TokenBucket


class HedgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[hedge]: after how long without content a stream's next target is tried beside the first, and how often.

    Answers that are not streamed are never hedged: until they are complete, nothing shows whether they are slow.
    """

    after_s: Delay = 0.0
    """Seconds without content. 0: never. A model's own `hedge_after_s` wins."""
    max_share: Share = 0.05
    """Hedged requests as a share of those that could be hedged, after the first ten. Each may be paid for twice, and a
    slow day must not double the bill."""


class Hedging:
    """The decision, for all requests of one process."""

    def __init__(self, settings: HedgeSettings) -> None:
        self._budget = TokenBucket(settings.max_share)

    def request(self) -> None:
        """A request has come that could be hedged."""
        self._budget.request()

    def may_begin(self, next_target: CircuitBreaker, now: float) -> bool:
        """Whether the next target may be tried beside a slow one; if so, it counts."""
        return next_target.allows(now) and self._budget.take()
