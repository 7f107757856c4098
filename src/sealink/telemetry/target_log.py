"""A provider's trouble in the log: once when it begins, and once when it is over; not per request."""

import logging
from typing import Final

from sealink.policy.breaker import BreakerChange

log: Final = logging.getLogger("sealink.targets")


def log_target(provider: str, model: str, change: BreakerChange) -> None:
    """A target is down, or up again."""
    if change.is_up:
        log.info("%s:%s is up again after %.0f s", provider, model, change.down_s)
    else:
        log.warning("%s:%s is down: %d of %d attempts failed", provider, model, change.failures, change.attempts)
