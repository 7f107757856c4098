"""What counters.lua is given and answers. Times go as microseconds, since numbers in Lua are exact up to 2^53."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sealink.limits.decision import KINDS, Spending
from sealink.limits.subjects import Cost, Lease, Recorded, Subject
from sealink.policy.budgets import nano_usd, period_start_s
from sealink.policy.limits import DAY_NS, MINUTE_NS, Need, Used

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

Argument = int | bytes | str


class Operation(NamedTuple):
    """What the script is to do: its name, for which subjects, and what it is given for that."""

    name: str
    subjects: Sequence[Subject] = ()
    arguments: Sequence[Argument] = ()

    @property
    def keys(self) -> list[str]:
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


class Answer(NamedTuple):
    """What the script says to an admission or a look: whether it fits (ADMITTED) or not (REFUSED), or that spending is
    not known (UNKNOWN); what it counts for each subject, and how much money is reserved."""

    status: int
    now_ns: int
    reserved: int
    counts: list[RemoteCount]


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
    for subject, each in zip(subjects, tokens, strict=True):
        arguments += _limits(subject, each, now_s)
    return Operation(name, subjects, arguments)


def answer_of(numbers: Sequence[int], subjects: Sequence[Subject]) -> Answer:
    """The answer to `admission`."""
    places = range(3, 3 + _NUMBERS * len(subjects), _NUMBERS)
    counts = [RemoteCount(numbers[place : place + _NUMBERS]) for place in places]
    return Answer(numbers[0], numbers[1] * _US, numbers[2], counts)


def is_known(subject: Subject, count: RemoteCount) -> bool:
    """Whether Redis knows what a subject has spent."""
    if not subject.has_funds:
        return True
    since_s = subject.credit.since_s if subject.credit is not None else count.spending.balance_since_s
    return count.spending.kind == KINDS[subject.period] and count.spending.balance_since_s == since_s


def more_money(lease: Lease, wanted: int, now_s: float) -> Operation:
    """More money is reserved. The answer: how much."""
    arguments: list[Argument] = [wanted]
    for subject in lease.subjects:
        arguments += _limits(subject, 0, now_s)
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


def _limits(subject: Subject, tokens: int, now_s: float) -> Iterator[Argument]:
    limits = subject.limits
    for limit in (limits.requests_per_minute, limits.tokens_per_minute, limits.requests_per_day):
        yield _NONE if limit is None else limit
    yield _NONE if limits.concurrent_streams is None else limits.concurrent_streams
    yield tokens
    yield from _period(subject, now_s)
    yield _NONE if limits.budget_usd is None else nano_usd(limits.budget_usd)
    yield from _since(subject)
    yield _NONE if subject.credit is None else subject.credit.amount


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
