"""Tokens that were sent apart and came together: whether a buffer is emptied when it is full, or by a clock."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median, pstdev
from typing import Final, Literal, NamedTuple

from sealink.doctor.tokens import Token

_TOGETHER: Final = 0.25
"""Two tokens came together if less than this part of the time between their sending lies between their arrivals."""


_FEW: Final = 3
"""Bursts of which none can be spared."""


class Burst(NamedTuple):
    """Tokens that came together: when, and how many bytes of the stream."""

    at_s: float
    size: int


class Holding(NamedTuple):
    """How tokens are held back: `size` bytes are collected, or what comes within `interval_s`, or all of the answer."""

    by: Literal["size", "time", "end"]
    size: float = 0.0
    interval_s: float = 0.0


def bursts(tokens: Sequence[Token]) -> list[Burst]:
    """In the order of their arrival."""
    found: list[Burst] = []
    begin, last = 0, None
    for token in tokens:
        if last is not None and not _came_together(last, token):
            found.append(Burst(last.arrived_s, last.end - begin))
            begin = last.end
        last = token
    return [*found, Burst(last.arrived_s, last.end - begin)] if last is not None else []


def _came_together(one: Token, next: Token) -> bool:
    return next.arrived_s - one.arrived_s <= _TOGETHER * (next.sent_s - one.sent_s)


def holding(tokens: Sequence[Token]) -> Holding:
    """Which of the two is the steadier: the sizes of the bursts, or the times between them. The last burst does not
    count, for the end of the answer empties every buffer."""
    whole = bursts(tokens)[:-1]
    if not whole:
        return Holding("end", size=tokens[-1].end if tokens else 0)
    # A clock that runs all the time cuts its first interval short: the first burst counts only if there are few.
    times = [burst.at_s for burst in whole] if len(whole) > _FEW else [tokens[0].sent_s, *(each.at_s for each in whole)]
    sizes = [float(burst.size) for burst in (whole[1:] if len(whole) > _FEW else whole)]
    intervals = [later - earlier for earlier, later in pairwise(times)]
    if _spread(sizes) <= _spread(intervals):
        return Holding("size", size=median(sizes))
    return Holding("time", interval_s=median(intervals))


def _spread(values: Sequence[float]) -> float:
    """The standard deviation as a part of the mean."""
    return pstdev(values) / (fmean(values) or 1.0) if values else 0.0
