"""Whether a second target is asked beside one that is slow: the first to bring content answers."""

import msgspec

from sealink.amounts import Delay, Share
from sealink.policy.breaker import CircuitBreaker
from sealink.policy.token_bucket import TokenBucket


class HedgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a stream's target may bring no content before the next one is started beside it, and how often.

    `after_s`: 0 is never; a model's own `hedge_after_s` counts instead. `max_share`: hedged requests as a share
    of those that could be, past the first ten: each is paid for twice, so that a slow day must not double the bill.
    Whole (not streamed) answers are never hedged: they show nothing before they are done.
    """

    after_s: Delay = 0.0
    max_share: Share = 0.05


class Hedging:
    """The decision, for all requests of one process."""

    def __init__(self, settings: HedgeSettings) -> None:
        self._budget = TokenBucket(settings.max_share)

    def request(self) -> None:
        """A request has come that could be hedged."""
        self._budget.request()

    def may_begin(self, next_target: CircuitBreaker, now: float) -> bool:
        """Whether the next target may be started beside a slow one; if so that is counted."""
        return next_target.allows(now) and self._budget.take()
