"""How much money a request may take: the periods of budgets, reservations, and what is left. Whole nano-dollars.

What is spent counts for the period in which its request began.
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from sealink.catalog.rates import NANO

_DAY_S: Final = 86_400
_WEEK_S: Final = 7 * _DAY_S
_FIRST_MONDAY_S: Final = 4 * _DAY_S
"""1970 began with a Thursday."""

_LENGTHS_S: Final = {"day": _DAY_S, "week": _WEEK_S}

BudgetPeriod = Literal["day", "week", "month", "total"]
"""How long a budget lasts: a day, a week from Monday or a month, in UTC; or for all time."""
Code = Literal["budget_exceeded", "insufficient_balance"]


class Fund(NamedTuple):
    """A budget or a balance: how much there is in all, what was spent of it, what open requests may still spend."""

    code: Code
    amount: int
    spent: int
    reserved: int

    @property
    def left(self) -> int:
        return self.amount - self.spent - self.reserved


def nano_usd(usd: float) -> int:
    """Dollars of a setting, as people write them."""
    return round(usd * NANO)


def period_start_s(period: BudgetPeriod, now_s: float) -> int:
    """When the period began that a time (Unix, in seconds) is in: at midnight UTC, weeks on Mondays. 0: `total`."""
    return _start_of(period, int(now_s // _DAY_S) * _DAY_S)


@lru_cache(maxsize=64)
def _start_of(period: BudgetPeriod, day: int) -> int:
    if period == "day":
        return day
    if period == "week":
        return day - (day - _FIRST_MONDAY_S) % _WEEK_S
    return day - (_day_of_month(day) - 1) * _DAY_S if period == "month" else 0


def period_end_s(period: BudgetPeriod, now_s: float) -> int | None:
    """When the period ends that a time is in, and the next begins; None: `total`."""
    start = period_start_s(period, now_s)
    if period == "total":
        return None
    return period_start_s("month", start + 31 * _DAY_S) if period == "month" else start + _LENGTHS_S[period]


def spent_level(fund: Fund, warn_at_percent: float) -> int:
    """How far a fund is spent: 2: all of it; 1: so much that it is time to warn; 0: less."""
    if fund.spent >= fund.amount:
        return 2
    return int(fund.spent * 100 >= fund.amount * warn_at_percent)


def short(funds: list[Fund], needed: int) -> Fund | None:
    """The fund that does not have what is needed; None if all have. Nothing left is too little for anything."""
    lacking = [fund for fund in funds if fund.left < needed or fund.left <= 0]
    return min(lacking, key=lambda fund: fund.left, default=None)


PLENTY: Final = 100
"""What is only spared is a hundredth of what is left, at most: it may keep other requests out until it goes back."""


def reservation(funds: list[Fund], wanted: int, spare: int = 0) -> int:
    """What is reserved: what is wanted, or what is left; and what is to be spared besides, where that is little."""
    left = min([fund.left for fund in funds], default=wanted)
    return wanted + spare if spare <= (left - wanted) // PLENTY else max(0, min(wanted, left))


def least_left(funds: list[Fund]) -> int:
    """How much may still be spent; 0: nothing, or there is no fund."""
    return max(0, min([fund.left for fund in funds], default=0))


def _day_of_month(day_s: int) -> int:
    """Howard Hinnant's civil_from_days: http://howardhinnant.github.io/date_algorithms.html"""
    days = day_s // _DAY_S + 719_468
    of_era = days % 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return of_year - (153 * ((5 * of_year + 2) // 153) + 2) // 5 + 1
