"""What follows an attempt that failed before anything was sent: the same target again, the next one, or none."""

from enum import Enum, auto

import msgspec

from sealink.amounts import Delay, Share, Size
from sealink.errors import GatewayTimeout, SealinkError, UpstreamError, UpstreamRejected
from sealink.wire.retry_after import delay_s

# These are about the target: its credentials, models or load. Another target may succeed. All other 4xx (400, 413,
# 422 …) are about the request, and every target of the model would answer them.
_ABOUT_THE_TARGET = frozenset({401, 402, 403, 404, 408, 409, 429})

# After these the same target may succeed in a moment.
_TRANSIENT = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class Next(Enum):
    """What comes after a failed attempt."""

    SAME_TARGET = auto()
    NEXT_TARGET = auto()
    GIVE_UP = auto()


class RetrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[retry]: how often and how soon a request's last target is tried again."""

    attempts: Size = 2
    """Attempts at one target, the first included. 1: it is never tried again."""
    first_delay_s: Delay = 0.25
    """The delay before the second attempt. It doubles each time up to `max_delay_s`, and is spread by jitter."""
    max_delay_s: Delay = 5.0
    """The longest delay. An upstream's `retry-after` wins; if that is longer, the client gets the error and may wait
    itself."""
    budget_share: Share = 0.1
    """Retries as a share of requests, so that they do not multiply an outage."""


def after(error: SealinkError, *, tries: int, has_next: bool, settings: RetrySettings, now: float) -> Next:
    """What follows when `tries` attempts of a target ended in `error`. Another target is preferred to waiting.

    `now` is the Unix time in seconds.
    """
    if not may_try_elsewhere(error):
        return Next.GIVE_UP
    if has_next:
        return Next.NEXT_TARGET
    if tries < settings.attempts and is_transient(error) and wait_asked_s(error, 0.0, now) <= settings.max_delay_s:
        return Next.SAME_TARGET
    return Next.GIVE_UP


def may_try_elsewhere(error: SealinkError) -> bool:
    """Whether another target of the model may succeed."""
    if isinstance(error, UpstreamRejected):
        return error.meant_status >= 500 or error.meant_status in _ABOUT_THE_TARGET
    return isinstance(error, UpstreamError | GatewayTimeout)


def is_transient(error: SealinkError) -> bool:
    """Whether the same target may succeed in a moment. One that was too slow is not tried again."""
    if isinstance(error, GatewayTimeout):
        return error.code == "connect"
    if ("x-should-retry", "false") in error.headers:  # as OpenAI's and Anthropic's own clients do
        return False
    return not isinstance(error, UpstreamRejected) or error.meant_status in _TRANSIENT


def is_targets_fault(error: SealinkError) -> bool:
    """Whether the error counts against the target's health. A healthy target answers a rate limit, too."""
    if isinstance(error, UpstreamRejected):
        return error.meant_status >= 500
    return isinstance(error, UpstreamError | GatewayTimeout)


def wait_s(error: SealinkError, *, tries: int, settings: RetrySettings, jitter: float, now: float) -> float:
    """Seconds to wait before the next try. `jitter` is a random number in [0, 1)."""
    delay_s = min(settings.first_delay_s * 2 ** (tries - 1), settings.max_delay_s)
    return wait_asked_s(error, delay_s * (0.5 + jitter / 2), now)


def wait_asked_s(error: SealinkError, otherwise_s: float, now: float) -> float:
    """Seconds by the upstream's `retry-after-ms` or `retry-after`."""
    asked_s = delay_s(error.headers, now)
    return otherwise_s if asked_s is None else asked_s
