"""What counters.lua is told, as the bytes that Redis reads.

Each command is the script's, with an operation, the process, and numbers: eight bytes each, the absent ones as NaN. So
all of it but a few numbers is the same for all requests of the same subjects (Terms), and is written once a day.
Numbers in Lua are exact up to 2^53: times go as microseconds.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from pathlib import Path
from struct import Struct
from typing import Final

from sealink.limits.decision import KINDS
from sealink.limits.nodes.batch import Ended, Supply
from sealink.limits.subjects import Cost, Lease, Recorded, Subject, Subjects
from sealink.policy.budgets import PLENTY, nano_usd, period_start_s
from sealink.policy.limits import Need

SCRIPT: Final = Path(__file__).with_name("counters.lua").read_bytes()
PREFIX: Final = "{sealink}:"
"""All keys have it. What is in braces puts them on one node of a cluster."""

_SHA: Final = sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()
_NONE: Final = math.nan
_MOST: Final = 1e300
"""Instead of what is larger than any limit, and than what eight bytes hold."""
_US: Final = 1000
"""Nanoseconds."""
_S_US: Final = 1_000_000
_DAY_S: Final = 86_400
_END: Final = b"\r\n"

UNLIMITED: Final = 1 << 62
"""Tokens that are left where they have no limit."""

Pack = Callable[..., bytes]


class Terms:
    """What is sent of subjects with an admission, and with a settlement, on one day (in UTC): all periods begin with
    one. The numbers of the request itself stand between a head and a tail."""

    def __init__(self, process: str, subjects: Sequence[Subject], at_s: float) -> None:
        self._process = process
        self._names = [subject.name for subject in subjects]
        self.tokens_left = self.funds_left = 0
        """What was left when Redis answered last."""
        self.supplies = Supply(), Supply()
        """Of requests that were let in ahead: those that are no streams, and streams."""
        self.since_s = at_s // _DAY_S * _DAY_S
        self.until_s = self.since_s + _DAY_S
        self.token_limits = [subject.limits.tokens_per_minute or 0 for subject in subjects]
        self.request_limits = [
            limit or 0
            for subject in subjects
            for limit in (subject.limits.requests_per_minute, subject.limits.requests_per_day)
        ]
        self.limits = _packed([number for subject in subjects for number in _limits_of(subject, at_s)]) + _END
        periods = [(_flag(subject.limits.tokens_per_minute), *_period(subject, at_s)) for subject in subjects]
        self.periods = _packed([number for each in periods for number in each]) + _END
        count = len(subjects)
        self.pack_admission: Pack = Struct(f"<{8 + count}d").pack
        self.pack_settlement: Pack = Struct(f"<{8 + count}d").pack
        self.admit = self._head("admit", 8 + count, self.limits)
        self.look = self._head("look", 8 + count, self.limits)
        self.settle = self._head("settle", 8 + count, self.periods)

    def have_plenty(self, need: Need, cost: Cost) -> bool:
        """Whether what a request takes was little of what was left."""
        return need.prompt_tokens * PLENTY <= self.tokens_left and cost.needed * PLENTY <= self.funds_left

    def tokens_of(self, need: Need) -> list[int]:
        """How many a request takes of each subject."""
        if need.is_stated:
            return [need.prompt_tokens + need.answer_tokens] * len(self.token_limits)
        return [need.tokens(limit) for limit in self.token_limits]

    def _head(self, name: str, own: int, tail: bytes) -> bytes:
        """What precedes so many numbers of its own, and the tail."""
        return _head(name, self._process, self._names, 8 * own + len(tail) - len(_END))


class Commands:
    """Those of one process."""

    def __init__(self, process: str) -> None:
        self.now_us = 0
        """What the script takes for the time; 0: Redis's clock."""
        self.seen: dict[str, Subject] = {}
        """The subjects of requests, by their names."""
        self._process = process

    def terms(self, subjects: Sequence[Subject], at_s: float) -> Terms:
        """Those of subjects, on the day of a time."""
        terms = subjects.terms if isinstance(subjects, Subjects) else None
        if isinstance(terms, Terms) and terms.since_s <= at_s < terms.until_s:
            return terms
        self.seen.update({subject.name: subject for subject in subjects})
        terms = Terms(self._process, subjects, at_s)
        if isinstance(subjects, Subjects):
            subjects.terms = terms
        return terms

    def admission(
        self, terms: Terms, tokens: Sequence[int], need: Need, cost: Cost, times: int = 1, ahead_s: float = 0.0
    ) -> bytes:
        """A request begins, if it fits; and up to so many `times` such requests, which may begin for so long."""
        prompt, answer, may_be_cut, spare = cost
        own = (
            self.now_us, need.streams, prompt, prompt + answer, may_be_cut, spare, times, ahead_s * _S_US, *tokens,
        )  # fmt: skip
        try:
            packed = terms.pack_admission(*own)
        except OverflowError:
            packed = _packed(own)
        return terms.admit + packed + terms.limits

    def look(self, terms: Terms, tokens: Sequence[int], need: Need, cost: Cost) -> bytes:
        """It is only said whether a request would fit."""
        return self.admission(terms, tokens, need, cost).replace(terms.admit, terms.look, 1)

    def settlement(self, terms: Terms, ended: Ended) -> bytes:
        """Requests have ended that were admitted by these terms."""
        undone, price, started_s, at_ns, streams, money, used, held = ended
        own = terms.pack_settlement(
            self.now_us, undone, price, started_s // 1, at_ns // _US, streams, money, used, *held
        )
        return terms.settle + own + terms.periods

    def more_money(self, lease: Lease, wanted: int, now_s: float) -> bytes:
        """More money is reserved. The answer: how much."""
        limits = [number for subject in lease.subjects for number in _limits_of(subject, now_s)]
        return self._operation("reserve_more", lease.subjects, [wanted, *limits])

    def given_back(self, lease: Lease, money: int) -> bytes:
        """Of a request that was settled, so much money was reserved besides."""
        nothing = [0] * len(lease.subjects)
        return self._operation("settle", lease.subjects, [0, 0, 0, 0, 0, money, 0, *nothing, *nothing * 3])

    def recorded(self, subject: Subject, used: Recorded, now_s: float) -> bytes:
        """By the ledger so much was used, at least."""
        money = *_period(subject, now_s), used.in_period, _since(subject), used.of_balance
        return self._operation("recorded", [subject], [*used[:3], *money])

    def holding(self, subject: Subject, streams: int, reserved: int, uncounted: Sequence[int]) -> bytes:
        """What this process holds in all, and what of it is in no window yet. The answer: the time."""
        return self._operation("hold", [subject], [streams, reserved, *uncounted])

    def living(self, for_s: float) -> bytes:
        """This process lives for so long. The answer: whether it was known to live, and the number of the data, which
        is another where the data were lost."""
        return self._operation("live", [], [round(for_s * 1000)])

    def _operation(self, name: str, subjects: Sequence[Subject], numbers: Iterable[float]) -> bytes:
        packed = _packed([self.now_us, *numbers])
        head = _head(name, self._process, [subject.name for subject in subjects], len(packed))
        return head + packed + _END


def _head(name: str, process: str, names: Sequence[str], size: int) -> bytes:
    """A command up to its numbers, which are of this size."""
    keys = [(PREFIX + each).encode() for each in names]
    arguments = b"EVALSHA", _SHA, b"%d" % len(keys), *keys, name.encode(), process.encode()
    bulks = [b"$%d\r\n%b\r\n" % (len(each), each) for each in arguments]
    return b"*%d\r\n%b$%d\r\n" % (len(arguments) + 1, b"".join(bulks), size)


def _packed(numbers: Sequence[float]) -> bytes:
    return Struct(f"<{len(numbers)}d").pack(*(_MOST if number > _MOST else number for number in numbers))


def _limits_of(subject: Subject, now_s: float) -> list[float]:
    limits, credit = subject.limits, subject.credit
    budget = _NONE if limits.budget_usd is None else nano_usd(limits.budget_usd)
    paid = _NONE if credit is None else credit.amount
    counted = [_NONE if limit is None else limit for limit in limits.counted]
    return [*counted, *_period(subject, now_s), budget, _since(subject), paid]


def _flag(limit: int | None) -> int:
    return int(limit is not None)


def _period(subject: Subject, now_s: float) -> tuple[int, int]:
    if not subject.has_funds:
        return 0, 0
    return KINDS[subject.period], period_start_s(subject.period, now_s)


def _since(subject: Subject) -> float:
    return _NONE if subject.credit is None else subject.credit.since_s
