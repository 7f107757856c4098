"""When people are told of budgets and balances: as a part of them is spent, and as they are used up. Once each time."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from sealink.limits.decision import Counted, funds_of
from sealink.limits.subjects import Subject
from sealink.policy.budgets import Code, spent_level

Event = Literal["budget.warning", "budget.exhausted", "balance.low", "balance.exhausted"]

_EVENTS: Final[dict[tuple[Code, int], Event]] = {
    ("budget_exceeded", 1): "budget.warning",
    ("budget_exceeded", 2): "budget.exhausted",
    ("insufficient_balance", 1): "balance.low",
    ("insufficient_balance", 2): "balance.exhausted",
}
_SHIFTS: Final[dict[Code, int]] = {"budget_exceeded": 0, "insufficient_balance": 2}
"""Where `Spending.told` has the level that people were told of: two bits for each."""


class FundsAlert(NamedTuple):
    """What has become of a budget or balance: whose (`key:dev`), how much it is and how much was spent, in
    nano-dollars."""

    event: Event
    subject: str
    amount_nano_usd: int
    spent_nano_usd: int


def alerts_of(
    subject: Subject, counted: Counted, warn_at_percent: float, now_s: float, *, cut: str | None = None
) -> Iterator[FundsAlert]:
    """What is to be told of a subject now. Notes that it is told. `cut`: the code of the fund that a stream has just
    used up, though the price of a token may be left of it."""
    for fund in funds_of(subject, counted, now_s):
        shift = _SHIFTS[fund.code]
        level = 2 if fund.code == cut else spent_level(fund, warn_at_percent)
        told = counted.spending.told >> shift & 3
        counted.spending.told += (level - told) << shift
        if level > told:
            yield FundsAlert(_EVENTS[fund.code, level], subject.name, fund.amount, fund.spent)
