"""Periods in UTC, and what may be reserved."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.policy.budgets import Fund, nano_usd, period_start_s, reservation, short

moments = st.datetimes(datetime(1970, 1, 5), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(moments)
def test_periods_begin_at_midnight_utc(moment: datetime) -> None:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    now = moment.timestamp()
    assert period_start_s("day", now) == day.timestamp()
    assert period_start_s("week", now) == (day - timedelta(days=day.weekday())).timestamp()
    assert period_start_s("month", now) == day.replace(day=1).timestamp()
    assert period_start_s("total", now) == 0


@pytest.mark.parametrize(("usd", "nano"), [(0.1, 100_000_000), (1e-9, 1), (50.0, 50 * 10**9), (0.0, 0)])
def test_dollars_are_counted_in_billionths(usd: float, nano: int) -> None:
    assert nano_usd(usd) == nano


BUDGET = Fund("budget_exceeded", 100, 30, 20)
BALANCE = Fund("insufficient_balance", 40, 0, 0)
EMPTY = Fund("insufficient_balance", 40, 40, 0)
OVERDRAWN = Fund("insufficient_balance", 40, 50, 0)


@pytest.mark.parametrize(
    ("funds", "needed", "found"),
    [
        ([], 10**12, None),
        ([BUDGET], 50, None),
        ([BUDGET], 51, BUDGET),
        ([BUDGET, BALANCE], 41, BALANCE),
        ([BUDGET, BALANCE], 60, BALANCE),
        ([BUDGET, EMPTY], 0, EMPTY),
        ([OVERDRAWN, EMPTY], 0, OVERDRAWN),
    ],
)
def test_every_fund_must_have_what_is_needed(funds: list[Fund], needed: int, found: Fund | None) -> None:
    assert short(funds, needed) == found


def test_no_more_is_reserved_than_is_left() -> None:
    assert reservation([], 10) == 10
    assert reservation([BUDGET, BALANCE], 10) == 10
    assert reservation([BUDGET, BALANCE], 1000) == 40
    assert reservation([BUDGET, OVERDRAWN], 1000) == 0
