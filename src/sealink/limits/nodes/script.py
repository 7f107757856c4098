"""What counters.lua is given and answers. Times go as microseconds, since numbers in Lua are exact up to 2^53."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sealink.limits.decision import KINDS, Spending
from sealink.limits.subjects import Cost, Lease, Recorded, Subject, Subjects
from sealink.policy.budgets import nano_usd, period_start_s
from sealink.policy.limits import DAY_NS, MINUTE_NS, Need, Remaining, Used, least

SCRIPT: Final = Path(__file__).with_name("counters.lua")
PREFIX: Final = "{sealink}:"
"""All keys have it. What is in braces puts them on one node of a cluster."""

REFUSED: Final = 0
ADMITTED: Final = 1
UNKNOWN: Final = 2
_NONE: Final = b""
_US: Final = 1000
"""Nanoseconds."""
_NUMBERS: Final = 16
"""How many of the answer's numbers are of each subject."""

_DAY_S: Final = 86_400

Argument = int | bytes | str


class Operation(NamedTuple):
    """What the script is to do: its name, for which subjects, and what it is given for that."""

    name: str
    subjects: Sequence[Subject] = ()
    arguments: Sequence[Argument] = ()

    @property
    def keys(self) -> Sequence[str]:
        if isinstance(self.subjects, Subjects) and isinstance(self.subjects.terms, _Terms):
            return self.subjects.terms.keys
        return [PREFIX + subject.name for subject in self.subjects]


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
    """What the script says to an admission or a look: whether it fits (ADMITTED) or not (REFUSED), or that spending is
    not known (UNKNOWN); what it counts for each subject, and how much money is reserved."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        self.status, now_us, self.reserved = numbers[:3]
        self.now_ns = now_us * _US

    @property
    def counts(self) -> list[RemoteCount]:
        places = range(3, len(self.numbers), _NUMBERS)
        return [RemoteCount(self.numbers[place : place + _NUMBERS]) for place in places]


def admission(
    subjects: Sequence[Subject],
    tokens: Sequence[int],
    need: Need,
    cost: Cost,
    now_s: float,
    *,
    name: Literal["admit", "look"] = "admit",
) -> Operation:
    """A request begins, if it fits; `look`: it is only said whether it would."""
    arguments: list[Argument] = [need.streams, cost.prompt, cost.prompt + cost.answer, int(cost.may_be_cut), cost.spare]
    for (counted, money), each in zip(_terms(subjects, now_s), tokens, strict=True):
        arguments += (*counted, each, *money)
    return Operation(name, subjects, arguments)


class Left(NamedTuple):
    """What is left of requests, tokens and money when a request has been admitted."""

    requests: Remaining | None
    tokens: Remaining | None
    funds: int


NOT_ASKED: Final = Left(None, None, 0)


def left_of(answer: Answer, subjects: Sequence[Subject]) -> Left:
    """The same as the decision's functions find in the counts of an answer, without making these."""
    numbers, now_ns = answer.numbers, answer.now_ns
    requests, tokens, funds = list[Remaining](), list[Remaining](), list[int]()
    for place, (_, limits, credit) in zip(range(3, len(numbers), _NUMBERS), subjects, strict=True):
        if limits.requests_per_minute is not None:
            requests.append(_left(limits.requests_per_minute, numbers, place, MINUTE_NS - now_ns))
        if limits.requests_per_day is not None:
            requests.append(_left(limits.requests_per_day, numbers, place + 6, DAY_NS - now_ns))
        if limits.tokens_per_minute is not None:
            tokens.append(_left(limits.tokens_per_minute, numbers, place + 3, MINUTE_NS - now_ns))
        if limits.budget_usd is not None:
            funds.append(nano_usd(limits.budget_usd) - numbers[place + 13] - numbers[place + 10])
        if credit is not None:
            funds.append(credit.amount - numbers[place + 15] - numbers[place + 10])
    return Left(least(requests), least(tokens), max(0, min(funds, default=0)))


def _left(limit: int, numbers: Sequence[int], place: int, from_ns: int) -> Remaining:
    used = numbers[place]
    return Remaining(limit, max(0, limit - used), max(0, numbers[place + 1] * _US + from_ns) if used else 0)


def is_known(subject: Subject, count: RemoteCount) -> bool:
    """Whether Redis knows what a subject has spent."""
    if not subject.has_funds:
        return True
    since_s = subject.credit.since_s if subject.credit is not None else count.spending.balance_since_s
    return count.spending.kind == KINDS[subject.period] and count.spending.balance_since_s == since_s


def more_money(lease: Lease, wanted: int, now_s: float) -> Operation:
    """More money is reserved. The answer: how much."""
    arguments: list[Argument] = [wanted]
    for counted, money in _terms(lease.subjects, now_s):
        arguments += (*counted, 0, *money)
    return Operation("reserve_more", lease.subjects, arguments)


def settlement(lease: Lease, money: int, tokens: int, price: int) -> Operation:
    """A request has ended, for which so much money was reserved."""
    return Operation("settle", lease.subjects, [1, price, *_held(lease, money, tokens)])


def undone(lease: Lease, money: int) -> Operation:
    """An admitted request does not begin."""
    return Operation("settle", lease.subjects, [0, 0, *_held(lease, money, 0)])


def given_back(lease: Lease, money: int) -> Operation:
    """Of a request that was settled, so much money was reserved besides."""
    rest: list[Argument] = [_NONE, 0, 0] * len(lease.subjects)
    return Operation("settle", lease.subjects, [1, 0, 0, 0, 0, money, 0, *rest])


def recorded(subject: Subject, used: Recorded, now_s: float) -> Operation:
    """By the ledger so much was used, at least."""
    money: list[Argument] = [*_period(subject, now_s), used.in_period, *_since(subject), used.of_balance]
    return Operation("recorded", [subject], [*used[:3], *money])


def holding(subject: Subject, streams: int, reserved: int, uncounted: Sequence[int]) -> Operation:
    """What this process holds in all, and what of it is in no window yet. The answer: the time."""
    return Operation("hold", [subject], [streams, reserved, *uncounted])


def living(for_s: float) -> Operation:
    """This process lives for so long. The answer: whether it was known to live, and the number of the data, which is
    another where the data were lost."""
    return Operation("live", (), [round(for_s * 1000)])


_Each = tuple[tuple[Argument, ...], tuple[Argument, ...]]
"""What is sent of a subject before the tokens that are asked of it, and behind them."""


class _Terms:
    """What is sent of subjects, at any time of one day (in UTC): all periods begin with one."""

    def __init__(self, subjects: Sequence[Subject], now_s: float) -> None:
        self.day = now_s // _DAY_S
        self.keys = [PREFIX + subject.name for subject in subjects]
        self.each = [_each(subject, now_s) for subject in subjects]


def _terms(subjects: Sequence[Subject], now_s: float) -> list[_Each]:
    if not isinstance(subjects, Subjects):
        return [_each(subject, now_s) for subject in subjects]
    terms = subjects.terms
    if not isinstance(terms, _Terms) or terms.day != now_s // _DAY_S:
        subjects.terms = terms = _Terms(subjects, now_s)
    return terms.each


def _each(subject: Subject, now_s: float) -> _Each:
    limits, credit = subject.limits, subject.credit
    budget: Argument = _NONE if limits.budget_usd is None else nano_usd(limits.budget_usd)
    paid: Argument = _NONE if credit is None else credit.amount
    money = *_period(subject, now_s), budget, *_since(subject), paid
    return tuple(_NONE if limit is None else limit for limit in limits.counted), money


def _held(lease: Lease, money: int, used: int) -> list[Argument]:
    arguments: list[Argument] = [int(lease.started_s), lease.at_ns // _US, lease.streams, money, used]
    for subject, held in zip(lease.subjects, lease.tokens, strict=True):
        arguments.append(_NONE if subject.limits.tokens_per_minute is None else held)
        arguments += _period(subject, lease.started_s)
    return arguments


def _period(subject: Subject, now_s: float) -> tuple[int, int]:
    if not subject.has_funds:
        return 0, 0
    return KINDS[subject.period], period_start_s(subject.period, now_s)


def _since(subject: Subject) -> tuple[Argument]:
    return (_NONE if subject.credit is None else subject.credit.since_s,)
