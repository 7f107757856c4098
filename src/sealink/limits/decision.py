"""Whether a request fits into all limits that apply to it, by what is counted of each subject, wherever that is."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from sealink.limits.subjects import Cost, Refusal, Subject
from sealink.policy.budgets import PLENTY, BudgetPeriod, Fund, nano_usd, period_start_s, short
from sealink.policy.limits import Need, Remaining, Used, excess, least, longest, requests_left, tokens_left

KINDS: Final[dict[BudgetPeriod, int]] = {"day": 1, "week": 2, "month": 3, "total": 4}
"""Budgets' periods as counters keep them; 0: not known."""


class Spending(msgspec.Struct):
    """Money that a name has spent, in nano-dollars: `spent` since `period_start_s`, in a budget's period of the `kind`
    (0: not known), and `balance_spent` since `balance_since_s`, when the balance was opened (0: not known). `told`: how
    far people know of it, see limits/alerts.py."""

    kind: int
    period_start_s: int
    spent: int
    balance_since_s: int
    balance_spent: int
    told: int = 0


class Counted(Protocol):
    """What is counted of one subject now. The windows were advanced to now."""

    spending: Spending

    @property
    def used(self) -> Used: ...
    @property
    def reserved(self) -> int:
        """How much money open requests may still spend."""


Held = Sequence[tuple[Subject, Counted]]
"""What applies to a request, and what is counted of it."""


def refusal_of(held: Held, need: Need, cost: Cost, now_ns: int, now_s: float) -> Refusal | None:
    """Why a request does not fit; None: it does."""
    found = {}
    for subject, counted in held:
        exceeded = excess(subject.limits, counted.used, need, now_ns)
        if exceeded is not None:
            found[exceeded] = subject
    if (worst := longest(found)) is not None:
        return Refusal(found[worst], worst, *left_of_limits(held, now_ns))
    for subject, counted in held:
        lacking = short(funds_of(subject, counted, now_s), cost.needed)
        if lacking is not None:
            return Refusal(subject, lacking)
    return None


def is_little(held: Held, need: Need, cost: Cost, now_s: float) -> bool:
    """Whether what a request takes of tokens and money is little of what is left, so that nobody has to know it
    exactly."""
    for subject, counted in held:
        limit = subject.limits.tokens_per_minute
        if limit is not None and need.prompt_tokens * PLENTY > limit - counted.used.tokens.total:
            return False
    left = [fund.left for subject, counted in held for fund in funds_of(subject, counted, now_s)]
    return cost.needed * PLENTY <= min(left, default=cost.needed * PLENTY)


def left_of_limits(held: Held, now_ns: int) -> tuple[Remaining | None, Remaining | None]:
    """How many requests and tokens are left."""
    requests = least([requests_left(subject.limits, counted.used, now_ns) for subject, counted in held])
    return requests, least([tokens_left(subject.limits, counted.used, now_ns) for subject, counted in held])


def all_funds(held: Held, now_s: float) -> list[Fund]:
    """The budgets and balances of all that applies."""
    return [fund for subject, counted in held for fund in funds_of(subject, counted, now_s)]


def funds_of(subject: Subject, counted: Counted, now_s: float) -> list[Fund]:
    """The budget and the balance of a subject."""
    if not subject.has_funds:
        return []
    spending = counted.spending = in_period(counted.spending, subject, now_s)
    funds, reserved = [], counted.reserved
    if subject.limits.budget_usd is not None:
        funds.append(Fund("budget_exceeded", nano_usd(subject.limits.budget_usd), spending.spent, reserved))
    if subject.credit is not None:
        funds.append(Fund("insufficient_balance", subject.credit.amount, spending.balance_spent, reserved))
    return funds


def in_period(spending: Spending, subject: Subject, now_s: float) -> Spending:
    """The spending in the period that a time is in: when a new one begins, nothing of it is spent."""
    start = period_start_s(subject.period, now_s)
    if spending.kind == KINDS[subject.period] and start > spending.period_start_s:
        spending.period_start_s, spending.spent = start, 0
        spending.told &= ~3  # of the budget before
    return spending
