"""What counters.lua answers. Times come as microseconds."""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

from sealink.limits.decision import KINDS, Spending
from sealink.limits.nodes.commands import Terms
from sealink.limits.subjects import Subject
from sealink.policy.limits import DAY_NS, MINUTE_NS, Left, Used

REFUSED: Final = 0
UNKNOWN: Final = 2
_US: Final = 1000
"""Nanoseconds."""
_NUMBERS: Final = 16
"""How many of the answer's numbers are of each subject."""

Reply = Any
"""As hiredis reads it: to an admission that fits, bytes (`admitted`); else the numbers of an Answer."""


Admitted = tuple[int, int, int, Left | None, Left | None, int]
"""How many requests are let in, when (in nanoseconds), how much money is reserved for each, and what is left: of
requests, of tokens, of money."""
_ADMITTED: Final = Struct("<10q")


def admitted(packed: bytes, terms: Terms) -> Admitted:
    """What the script says of requests that it lets in. Of the limits of which the least is left it tells the place
    in the terms (from 1 on; 0: there is none), what is used, and when that is over."""
    times, at_us, reserved, of_requests, used, reset_us, of_tokens, tokens, tokens_reset_us, funds = _ADMITTED.unpack(
        packed
    )
    requests_left: Left | None = None
    tokens_left: Left | None = None
    if of_requests:
        limit = terms.request_limits[of_requests - 1]
        requests_left = limit, limit - used if used < limit else 0, reset_us * _US
    if of_tokens:
        limit = terms.token_limits[of_tokens - 1]
        tokens_left = limit, limit - tokens if tokens < limit else 0, tokens_reset_us * _US
    return times, at_us * _US, reserved, requests_left, tokens_left, funds


class RemoteWindow(NamedTuple):
    """What the script tells of a window: how much is used, when last, how long what was asked for has to wait."""

    length_ns: int
    total: int
    at_us: int
    wait_us: int

    def wait_ns(self, amount: int, limit: int, now_ns: int) -> int | None:
        """As the script has found it."""
        return None if self.wait_us < 0 else self.wait_us * _US

    def reset_ns(self, now_ns: int) -> int:
        """How long until nothing is counted any more."""
        return max(0, self.at_us * _US + self.length_ns - now_ns) if self.total else 0


class RemoteCount:
    """What the script tells of one subject."""

    def __init__(self, numbers: Sequence[int]) -> None:
        requests, tokens, of_day = numbers[0:3], numbers[3:6], numbers[6:9]
        self.used = Used(
            RemoteWindow(MINUTE_NS, *requests),
            RemoteWindow(MINUTE_NS, *tokens),
            RemoteWindow(DAY_NS, *of_day),
            numbers[9],
        )
        self.reserved = numbers[10]
        self.spending = Spending(*numbers[11:_NUMBERS])


class Answer:
    """What the script says to a look, and to an admission that does not fit: whether it would, or not (REFUSED), or
    that spending is not known (UNKNOWN); and what it counts for each subject."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.status, now_us = numbers[:2]
        self.now_ns = now_us * _US
        places = range(2, len(numbers), _NUMBERS)
        self.counts = [RemoteCount(numbers[place : place + _NUMBERS]) for place in places]


def is_known(subject: Subject, count: RemoteCount) -> bool:
    """Whether Redis knows what a subject has spent."""
    if not subject.has_funds:
        return True
    since_s = subject.credit.since_s if subject.credit is not None else count.spending.balance_since_s
    return count.spending.kind == KINDS[subject.period] and count.spending.balance_since_s == since_s
