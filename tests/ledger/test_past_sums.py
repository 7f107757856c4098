"""Sums of the past: kept in memory, and those of hours whose rows were removed. They are always what rows say."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Event

import pytest
from sqlalchemy import Connection, event

from console.many_requests import requests as made_requests
from sealink.ledger.daily_usage import roll_up
from sealink.ledger.hourly_sums import KEEP_HOURS, Sums, sums_of_removed
from sealink.ledger.reports.closed_periods import ClosedPeriods
from sealink.ledger.reports.habits import habits_of_keys
from sealink.ledger.reports.over_time import RANGES, OverTime, Overview
from sealink.ledger.reports.past_days import PastDays
from sealink.ledger.reports.report import Report
from sealink.ledger.reports.selection import Selection
from sealink.ledger.reports.totals import By, Totals
from sealink.ledger.reports.unstored import Unstored
from sealink.ledger.requests_table import RequestsTable
from sealink.policy.advice import Habits
from sealink.store.store import Store
from waiting import PATIENCE_S

NOW = datetime(2026, 3, 31, 14, 20, tzinfo=UTC)
COUNT = 200
NOTHING = Unstored({}, {})


def midnight(days_ago: int) -> datetime:
    return datetime.combine(NOW.date() - timedelta(days=days_ago), time.min, UTC)


@pytest.fixture
def table(store_url: str) -> Iterator[RequestsTable]:
    table = RequestsTable(store_url, timeout_s=20)
    table.migrate()
    table.insert(list(made_requests(COUNT, NOW)))
    yield table
    table.close()


def seen(table: RequestsTable, over_time: OverTime) -> dict[str, Overview]:
    with table.reading() as connection:
        return {name: over_time.read(connection, chosen, NOW) for name, chosen in RANGES.items()}


def test_hours_that_are_known_wait_for_nothing_that_is_read_for_others(table: RequestsTable) -> None:
    is_reading, go_on = Event(), Event()

    def read(_: Connection, since: datetime, until: datetime) -> dict[datetime, str]:
        if since < midnight(0):
            is_reading.set()
            assert go_on.wait(PATIENCE_S)
        return {since: f"{since:%H}"}

    hours = ClosedPeriods("hour", KEEP_HOURS, read)

    def sums(since: datetime, until: datetime) -> dict[datetime, str]:
        with table.reading() as connection:
            return hours.read(connection, since, until)

    known = midnight(0), midnight(0) + timedelta(hours=2)
    assert sums(*known) == {midnight(0): "00"}
    with ThreadPoolExecutor(2) as threads:
        older = threads.submit(sums, midnight(1), known[1])
        assert is_reading.wait(PATIENCE_S)
        assert threads.submit(sums, *known).result(PATIENCE_S) == {midnight(0): "00"}
        assert not older.done()
        go_on.set()
        assert older.result(PATIENCE_S)


def test_charts_stay_what_they_were_when_rows_are_removed(table: RequestsTable, store_url: str) -> None:
    over_time = OverTime()
    before = seen(table, over_time)
    assert before["30d"].requests > COUNT * 0.9
    store = Store(store_url, timeout_s=20)
    assert roll_up(store, 1, NOW.date()) > COUNT / 3
    assert seen(table, over_time) == seen(table, OverTime()) == before
    late = next(made_requests(1, midnight(5)))
    table.insert([{**late, "request_id": "req_late"}])  # its day's rows are gone
    after = seen(table, over_time)
    assert after["30d"].requests == before["30d"].requests + 1
    assert roll_up(store, 1, NOW.date()) == 1
    assert seen(table, over_time) == seen(table, OverTime()) == after
    roll_up(store, 0, NOW.date() + KEEP_HOURS)
    with store.reading() as connection:
        assert list(sums_of_removed(connection, midnight(40), midnight(0))) == []
    store.close()


SELECTIONS = (
    Selection(since=midnight(29)),
    Selection(since=midnight(9), until=midnight(3), key="acme/chat"),
    Selection(since=midnight(9), until=midnight(-1), team="acme", task="search"),
    Selection(since=midnight(2) + timedelta(hours=3)),
    Selection(since=midnight(200)),
    Selection(since=midnight(9), ended="done"),
    Selection(model="qwen3", provider="vllm"),
    Selection(until=midnight(3)),
)
BYS: tuple[tuple[By, ...], ...] = (("model",), ("day", "key"), ("team", "task"))


def test_usage_is_the_same_with_what_is_kept_and_without(table: RequestsTable) -> None:
    past = PastDays()
    for number in range(2):
        with table.reading() as connection:
            for selection, by in ((selection, by) for selection in SELECTIONS for by in BYS):
                groups, left = past.take(connection, by, selection, NOW)
                for group, totals in Report(connection, NOTHING).summary(by, left).groups.items():
                    groups.setdefault(group, Totals()).add(totals)
                assert groups == Report(connection, NOTHING).summary(by, selection).groups, (selection, by)
        table.insert([{**next(made_requests(1, midnight(4))), "request_id": f"req_late_{number}"}])


def test_days_that_are_over_are_summed_once(table: RequestsTable, monkeypatch: pytest.MonkeyPatch) -> None:
    past, month = PastDays(), Selection(since=midnight(29))
    with table.reading() as connection:
        first, _ = past.take(connection, ("key",), month, NOW)
        statements: list[str] = []

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, *___: object) -> None:
            statements.append(statement)

        again, rest = past.take(connection, ("key",), month, NOW)
    assert again == first
    assert rest.since == midnight(0)
    assert len(statements) == 1
    assert "sum(" not in statements[0].lower()
    with table.reading() as connection:  # by the real clock all of them are over
        report = Report(connection, NOTHING)
        assert report.summary(("model",), month, PastDays()) == report.summary(("model",), month)
        monkeypatch.setattr("sealink.ledger.reports.past_days.MAX_GROUPS", 1)
        assert PastDays().take(connection, ("key",), month, NOW) == ({}, month)


def test_habits_are_of_what_came_to_its_end(table: RequestsTable) -> None:
    """Of one key: short streams, slow ones, one that failed, long ones; answers in one piece; structured ones, and
    one of which an older SeaLink has not written down whether it was."""
    short = {"key": "short", "streamed": True, "ended": "done", "output_tokens": 64, "ttft_ms": 400.0}
    quick = {**short, "duration_ms": 2400.0}
    whole = {"key": "whole", "streamed": False, "ended": "done", "ttft_ms": None}
    structured = {**quick, "key": "parser", "output_tokens": 900, "structured": True}
    kinds = [
        *[quick] * 3,
        {**quick, "output_tokens": 65},
        {**short, "duration_ms": 2500.0},
        {**short, "ttft_ms": 31_000.0, "duration_ms": 31_500.0},
        {**quick, "output_tokens": None},
        {**quick, "ended": "error"},
        *[{**whole, "duration_ms": 60_000.0}] * 2,
        {**whole, "duration_ms": 59_000.0},
        *[structured] * 2,
        {**structured, "ended": "error"},
        {**structured, "structured": None},
        {**structured, "streamed": False},
    ]
    row = next(made_requests(1, NOW))
    table.insert([{**row, **kind, "request_id": f"req_habit_{number}"} for number, kind in enumerate(kinds)])
    with table.reading() as connection:
        assert habits_of_keys(connection, "short") == [Habits("short", streams=7, short_streams=3)]
        everybody = {each.key: each for each in habits_of_keys(connection)}
    assert everybody["whole"] == Habits("whole", whole=3, slow_whole=2)
    assert everybody["parser"] == Habits("parser", streams=3, whole=1, structured_streams=2)
    assert "notebook" in everybody


def test_percentiles_are_told_within_a_hundredth() -> None:
    sums = Sums()
    assert sums.ttft(0.5) is None
    sums.ttfts = {0: 1, 230: 1, 461: 98}
    assert sums.ttft(0.5) == pytest.approx(100, rel=0.01)
    assert sums.ttft(0.02) == pytest.approx(10, rel=0.01)
    assert sums.ttft(0.01) == 1.0
