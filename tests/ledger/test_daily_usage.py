"""Rows that are too old become sums of their days: reports, budgets and balances stay as they were."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from ledger_samples import STARTED_AT, admission, settlement, stored_rows

from sealink.access.configured import Configured
from sealink.access.keys import KeyRules
from sealink.access.tables.access_store import AccessStore
from sealink.access.tables.key_table import KeyTable
from sealink.ledger.daily_usage import roll_up
from sealink.ledger.ledger import Ledger
from sealink.ledger.reports.report import open_report
from sealink.ledger.reports.selection import ALL, Selection, moment
from sealink.ledger.reports.totals import BYS, By, Group, Totals
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import row_of
from sealink.ledger.settings import LedgerSettings
from sealink.store.store import Store

DAY_S = 86_400
TODAY = date(2026, 1, 6)
"""Rows are of the five days from 2 January on, two a day."""
SELECTIONS = (
    ALL,
    Selection(key="dev"),
    Selection(team="t", model="opus"),
    Selection(since=moment("2026-01-03"), until=moment("2026-01-05")),
    Selection(since=moment("2026-01-05")),
)


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    table = RequestsTable(store_url, timeout_s=5.0)
    table.migrate()
    for number in range(10):
        admitted = admission(
            f"req_{number}",
            key=["dev", "ops"][number % 2],
            team=[None, "t"][number % 2],
            model=["haiku", "opus", None][number % 3],
            started_at=STARTED_AT + number * DAY_S / 2,
        )
        settled = settlement(
            f"req_{number}", tokens=2**number, cost_nano_usd=3**number, price_nano_usd=5**number, ended="done"
        )
        table.insert([row_of(admitted, settled)])
    table.close()
    opened = Store(store_url, timeout_s=5.0)
    yield opened
    opened.close()


def told(store_url: str) -> list[dict[Group, Totals]]:
    """All that reports say in sums."""
    bys: list[tuple[By, ...]] = [*((by,) for by in BYS), ("key", "day"), ("team", "model", "provider")]
    with open_report(store_url, Path("/nowhere")) as report:
        return [report.summary(by, selection).groups for selection in SELECTIONS for by in bys]


@pytest.mark.parametrize("days", [[2], [3, 1, 0], [0, 0]])
def test_sums_stay_what_they_were(store: Store, store_url: str, days: list[int]) -> None:
    before = told(store_url)
    for keep_days in days:
        roll_up(store, keep_days, TODAY)
        assert told(store_url) == before
    assert len(stored_rows(store_url)) == 2 * (days[-1] + 1)


def test_a_row_that_comes_late_is_added_to_its_day(store: Store, store_url: str) -> None:
    roll_up(store, 1, TODAY)
    table = RequestsTable(store_url, timeout_s=5.0)
    table.insert([row_of(admission("late"), settlement("late", price_nano_usd=1))])
    table.close()
    before = told(store_url)
    assert roll_up(store, 1, TODAY) == 1
    assert told(store_url) == before


def test_what_a_balance_has_paid_stays_known(store: Store, store_url: str) -> None:
    """Of the day on which it was opened, only what came after that."""
    access = AccessStore(store_url, Configured())
    keys = KeyTable(access)
    keys.create("dev", KeyRules(balance_usd=1.0), "test")
    opened_at = datetime.fromtimestamp(STARTED_AT + DAY_S, UTC)
    with store.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE balance_postings SET at = '{opened_at.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"
        )
    since = Selection(key="dev", since=opened_at)
    for keep_days in (4, 2, 0):
        with open_report(store_url, Path("/nowhere")) as report:
            assert report.spent_nano_usd(since, by_balance=True) == 5**2 + 5**4 + 5**6 + 5**8
        roll_up(store, keep_days, TODAY)
    access.close()


def test_the_uploader_rolls_up(store_url: str, tmp_path: Path) -> None:
    settings = LedgerSettings(upload_every_s=0.01, keep_days=30)
    ledger = Ledger(store_url, tmp_path / "journal", settings)
    old, now = datetime.now(UTC) - timedelta(days=31), datetime.now(UTC)
    for name, at in (("old", old), ("new", now)):
        ledger.admit(admission(name, started_at=at.timestamp()))
        ledger.settle(settlement(name, tokens=1))
    ledger.start()
    assert ledger.flush(20.0)
    ledger.finish_segment()
    assert ledger.flush(20.0)
    with open_report(store_url, tmp_path / "journal") as report:
        assert report.summary(("day",)).total.requests == 2
        assert [row["request_id"] for row in report.rows()] == ["new"]
    ledger.close()
