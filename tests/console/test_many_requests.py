"""Pages over a store with many requests: bounded in bytes, and each query by an index. In full with 100,000 of them.

What each page took is told in the summary; no time is asserted.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.browser import Console, running
from console.many_requests import fill
from console.test_signing_in import signed_in
from sealink.ledger.reports.over_time import RANGES, OverTime, cost_since
from sealink.ledger.reports.report import Report
from sealink.ledger.reports.selection import Selection
from sealink.ledger.reports.unstored import Unstored
from sealink.ledger.requests_table import RequestsTable

COUNT, COUNT_IN_FULL = 4_000, 100_000
MAX_BYTES = 150_000
PAGES = (
    "/?range=1h",
    "/?range=24h",
    "/?range=7d",
    "/?range=30d",
    "/live",
    "/requests",
    "/requests?key=notebook",
    "/requests?model=mystery",
    "/requests?ended=timed_out",
    "/requests/req_00000000000000000000000000000010",
    "/keys",
    "/usage",
    "/usage?by=day&then=model",
    "/usage?by=key&then=task",
    "/models",
    "/playground",
    "/settings",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, full: bool) -> Path:
    store = tmp_path_factory.mktemp("console") / "sealink.db"
    fill(store, COUNT_IN_FULL if full else COUNT, datetime.now(UTC))
    return store


@pytest.fixture(scope="module")
def console(store: Path) -> Iterator[Console]:
    with running(store.parent) as found:
        yield found


def test_pages_stay_small(console: Console, report: Callable[[str], None]) -> None:
    """With what they load: style sheet, scripts."""
    cookie, took = signed_in(console), []
    _, _, style = console.ask("GET", "/static/console.css")
    for path in PAGES:
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            status, _, text = console.ask("GET", path, cookie=cookie)
            times.append(round((time.perf_counter() - begun) * 1000))
            assert status == 200, text
        assert len(text.encode()) + len(style) + 12_000 < MAX_BYTES, path
        took.append(f"{path} {times[0]}/{min(times)} ms, {len(text.encode()) // 1000} kB")
    report("console pages, first time/fastest: " + "; ".join(took))


def test_the_style_sheet_is_small(console: Console) -> None:
    assert len(console.ask("GET", "/static/console.css")[2].encode()) <= 15 * 1024


def test_each_query_goes_by_an_index(store: Path) -> None:
    """Of SQLite's plans none reads the whole table, and none sorts what it then throws away."""
    table = RequestsTable(f"sqlite:///{store}", timeout_s=5)
    statements: list[tuple[str, object]] = []
    now = datetime.now(UTC)
    with table.reading() as connection:
        from sqlalchemy import event

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
            if "FROM requests" in statement:
                statements.append((statement, parameters))

        for chosen in RANGES.values():
            OverTime().read(connection, chosen, now)
        cost_since(connection, now - timedelta(hours=20))
        found = Report(connection, Unstored({}, {}))
        for selection in (Selection(), Selection(key="notebook"), Selection(model="mystery")):
            found.page(selection, 51, (now, "req_1"))
        found.find("req_1")
        found.summary(("model",), Selection(since=now - timedelta(days=29)))
    table.close()
    assert len(statements) > 15
    with closing(sqlite3.connect(store)) as database:
        for statement, parameters in statements:
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]  # type: ignore[arg-type]
            assert plan[0].startswith("SEARCH requests USING"), (plan, statement)
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, (plan, statement)
