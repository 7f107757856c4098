"""Plain requests: those that fit while nobody holds a lock, and of whose money nobody is to be told anything new.

Nearly all are. The accelerator, `_plain_slots.c`, locks, reads, decides, counts and writes all slots of such a request
in one call, and leaves every other one to `counters.py`, which does the same in Python.
"""

import math
import mmap
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from sealink.catalog.prices import PriceRule
from sealink.limits.decision import KINDS
from sealink.limits.shared_file import SharedFile
from sealink.limits.subjects import Cost, Lease, Subject
from sealink.policy.budgets import nano_usd, period_start_s
from sealink.policy.limits import Left

_NONE: Final = -(1 << 63)
"""Instead of a limit that is not set."""
_WHOSE: Final = struct.Struct("3q")
_RATES: Final = struct.Struct("3q")
_TERMS: Final = struct.Struct("11q")
_LINES: Final = struct.Struct("4q")
_DAY_S: Final = 86_400
MOST_SUBJECTS: Final = 3
MOST: Final = 1 << 53
"""Of any limit: sums of larger numbers could be more than a cell holds."""

Cells = mmap.mmap
LaidOut = tuple[bytes, str, str, str]
"""The lines of headers but for what is left, of requests and of tokens; first, packed, of which Left they are: the
limit and the time of the one and of the other."""
Asked = tuple[int, int, bool, int]
"""The numbers of a Need."""
Prices = bytes
"""The rates of a model's targets, packed: what its requests may cost is worked out in C, as Estimate.cost does it."""


class Terms:
    """What is asked of the slots of several subjects, in the file that `owner` has open, at any time of one day (in
    UTC)."""

    __slots__ = ("owner", "packed", "since_s", "until_s", "warn_at_percent")

    def __init__(
        self, owner: SharedFile, subjects: Sequence[Subject], slots: list[int], at_s: float, warn_at_percent: float
    ) -> None:
        self.owner = owner
        self.since_s = float(at_s // _DAY_S * _DAY_S)
        self.until_s = self.since_s + _DAY_S
        self.warn_at_percent = warn_at_percent
        each = [_cells_of(subject, at, at_s, warn_at_percent) for subject, at in zip(subjects, slots, strict=True)]
        self.packed = _WHOSE.pack(owner.fd, owner.process, owner.clock_began_ns) + b"".join(each)


class PlainLease(Lease):
    """One that C has made. `terms`: by which it is settled. `times`: for how many times the answer it has money.
    `lines`: the headers that tell what is left, which it does not have then; None: they are still to be laid out."""

    terms: Terms | None = None
    times: int = 0
    lines: str | None = None


def prices_of(rules: Iterable[PriceRule]) -> Prices | None:
    """None: C cannot work them out."""
    rates = {rule.linear for rule in rules}
    if None in rates or not all(0 <= number <= MOST for each in rates if each for number in each):
        return None
    return b"".join(_RATES.pack(*each) for each in sorted(filter(None, rates)))


def laid_out(requests: Left, tokens: Left, first: str, between: str, last: str) -> LaidOut:
    """As C takes the lines of what is left of these."""
    return _LINES.pack(requests[0], requests[2], tokens[0], tokens[2]), first, between, last


def can_count(subjects: Sequence[Subject]) -> bool:
    """Whether the limits of these are small enough."""
    return all(limit is None or limit <= MOST for subject in subjects for limit in subject.limits.counted)


def _cells_of(subject: Subject, at: int, now_s: float, warn_at_percent: float) -> bytes:
    limits, credit = subject.limits, subject.credit
    budget = _NONE if limits.budget_usd is None else nano_usd(limits.budget_usd)
    paid = _NONE if credit is None else credit.amount
    return _TERMS.pack(
        at,
        *(_NONE if limit is None else limit for limit in limits.counted),
        KINDS[subject.period] if subject.has_funds else 0,
        period_start_s(subject.period, now_s),
        budget,
        paid,
        _warned_from(budget, warn_at_percent),
        _warned_from(paid, warn_at_percent),
    )


def _warned_from(amount: int, percent: float) -> int:
    """The least that is spent of a fund when it is time to warn, as `spent_level` has it."""
    if amount == _NONE:
        return 0
    spent = math.floor(amount * percent / 100) - 2
    while spent * 100 < amount * percent:
        spent += 1
    return spent


Admit = Callable[
    [
        type[PlainLease], Sequence[Subject], float, Terms, Cells, bytes, int, Asked, Cost | Prices, bool,
        LaidOut | None,
    ],
    PlainLease | Literal[False] | None,
]  # fmt: skip
Settle = Callable[[Cells, bytes, int, int, float, int, int, int, int, str | int, Sequence[int]], bool | None]
CostOf = Callable[[Asked, Prices], tuple[int, int, bool, int] | None]
Lines = Callable[[LaidOut, Left | None, Left | None], str | None]


def _not_built(*_: object) -> None:
    return None


admit: Admit
settle: Settle
cost: CostOf
lines: Lines
try:
    from sealink.limits._plain_slots import admit, cost, lines, settle
except ImportError:
    admit = settle = cost = lines = _not_built

is_built: Final = admit is not _not_built
is_used = is_built


def use_accelerator(is_wanted: bool) -> None:
    """Count plain requests in C, where it has been built, or like all others."""
    global is_used
    is_used = is_built and is_wanted
