"""How a key or a team stands: what is left of its limits, its budget and its balance, as people are told it."""

from datetime import UTC, datetime
from typing import Protocol

import msgspec

from sealink.access.records import KeyRecord, TeamRecord
from sealink.catalog.rates import NANO
from sealink.limits.subjects import Credit, Subject
from sealink.policy.budgets import BudgetPeriod, nano_usd, period_end_s, period_start_s
from sealink.policy.limits import UsageLimits, Used

_COUNTED = ("requests_per_minute", "tokens_per_minute", "concurrent_streams", "requests_per_day")


class Spent(Protocol):
    """The ledger, as far as it says what was spent, in nano-dollars, by `key:NAME`, `team:NAME` or `model:PATTERN` in
    requests that began since then (Unix time in seconds). `by_balance`: that is when a balance was opened.

    Blocks. Raises StoreError or StoreUnavailable where it cannot be read.
    """

    def __call__(self, name: str, since_s: float, *, by_balance: bool = False) -> int: ...


class BudgetStanding(msgspec.Struct, frozen=True):
    """A budget: how much it is, what was spent of it in this period, what is left; and when the next begins."""

    budget_usd: float
    period: BudgetPeriod
    spent_usd: float
    left_usd: float
    resets_at: datetime | None


class BalanceStanding(msgspec.Struct, frozen=True):
    """A prepaid balance: what was paid in, what was spent since it was opened, what is left."""

    paid_in_usd: float
    spent_usd: float
    left_usd: float


class Standing(msgspec.Struct, frozen=True):
    """`limits` and `remaining` have those limits that are set; `remaining` has none where it is not counted here."""

    limits: dict[str, int]
    remaining: dict[str, int]
    budget: BudgetStanding | None = None
    balance: BalanceStanding | None = None


def standing_of(subject: Subject, used: dict[str, int] | None, spent: Spent, now_s: float) -> Standing:
    """The standing of a subject. `used` is what is counted under its limits; None: that is not known. Blocks, and
    raises as `spent` does."""
    limits = limits_of(subject.limits)
    remaining = {} if used is None else {name: max(0, limit - used[name]) for name, limit in limits.items()}
    return Standing(limits, remaining, _budget_of(subject, spent, now_s), _balance_of(subject, spent))


def by_name(used: Used) -> dict[str, int]:
    """What is counted, by the names of the limits."""
    return {
        "requests_per_minute": used.requests.total,
        "tokens_per_minute": used.tokens.total,
        "concurrent_streams": used.streams,
        "requests_per_day": used.requests_of_day.total,
    }


def key_subject(record: KeyRecord) -> Subject:
    """What is counted of a key, with its balance."""
    paid, opened_at = record.paid_in_usd, record.balance_opened_at
    if paid is None or opened_at is None:
        return Subject(f"key:{record.name}", record)
    return Subject(f"key:{record.name}", record, Credit(nano_usd(paid), int(opened_at.timestamp())))


def team_subject(record: TeamRecord) -> Subject:
    """What is counted of a team."""
    return Subject(f"team:{record.name}", record)


def limits_of(limits: UsageLimits) -> dict[str, int]:
    """Those that are set, but for money."""
    return {name: limit for name in _COUNTED if (limit := getattr(limits, name)) is not None}


def _budget_of(subject: Subject, spent: Spent, now_s: float) -> BudgetStanding | None:
    budget = subject.limits.budget_usd
    if budget is None:
        return None
    period = subject.period
    in_period = spent(subject.name, period_start_s(period, now_s))
    end_s = period_end_s(period, now_s)
    resets_at = None if end_s is None else datetime.fromtimestamp(end_s, UTC)
    left = nano_usd(budget) - in_period
    return BudgetStanding(budget, period, in_period / NANO, left / NANO, resets_at)


def _balance_of(subject: Subject, spent: Spent) -> BalanceStanding | None:
    credit = subject.credit
    if credit is None:
        return None
    by_balance = spent(subject.name, credit.since_s, by_balance=True)
    return BalanceStanding(credit.amount / NANO, by_balance / NANO, (credit.amount - by_balance) / NANO)
