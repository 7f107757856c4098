"""What is told of a ledger: the store's rows and the journals' together, each request once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from ledger_samples import IMPATIENT, STARTED_AT, admission, settlement, sqlite_url

from sealink.ledger.ledger import Ledger
from sealink.ledger.reports.report import open_report, position_of
from sealink.ledger.reports.selection import ALL, Selection, moment
from sealink.ledger.reports.totals import BYS, Totals, by_of

DAY_S = 86_400
UNHURRIED = msgspec.structs.replace(IMPATIENT, upload_every_s=1000.0, close_s=0.0)


@pytest.fixture(params=["stored", "waiting", "both"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path, store_url: str) -> Iterator[tuple[str, Path]]:
    """Seven requests, one of them open; where the six others are differs."""
    ledger = Ledger(store_url, tmp_path / "journal", UNHURRIED)
    ledger.start()
    for number in range(6):
        ledger.admit(
            admission(
                f"req_{number}",
                key=["dev", "ops"][number % 2],
                team=[None, "t"][number % 2],
                model=["haiku", "opus", "haiku"][number % 3],
                task_type=[None, "billing"][number // 3],
                started_at=STARTED_AT + number * DAY_S / 2,
            )
        )
    ledger.admit(admission("req_open", started_at=STARTED_AT + 10 * DAY_S))
    for number in range(6):
        if request.param == "both" and number == 3:
            assert ledger.flush(20.0)
        ledger.settle(
            settlement(
                f"req_{number}",
                tokens=10**number,
                ended="done" if number < 4 else "client_gone",
                usage_source="provider" if number < 4 else "estimated",
                cost_nano_usd=None if number == 5 else 10**number,
                price_nano_usd=None if number == 5 else 2 * 10**number,
            )
        )
    if request.param == "stored":
        assert ledger.flush(20.0)
    yield store_url, tmp_path / "journal"
    ledger.close()


def test_groups(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        output = {
            by: {name: totals.output_tokens for (name,), totals in report.summary((by,)).groups.items()} for by in BYS
        }
    assert output == {
        "model": {"haiku": 101_101, "opus": 10_010},
        "key": {"dev": 10_101, "ops": 101_010},
        "task": {None: 111, "billing": 111_000},
        "team": {None: 10_101, "t": 101_010},
        "provider": {"anthropic": 111_111},
        "day": {"2026-01-02": 11, "2026-01-03": 1_100, "2026-01-04": 110_000},
    }


SELECTIONS = {
    Selection(key="dev"): [0, 2, 4],
    Selection(team="t", model="opus"): [1],
    Selection(task="billing", ended="client_gone"): [4, 5],
    Selection(provider="anthropic", since=moment("2026-01-03")): [2, 3, 4, 5],
    Selection(until=moment("2026-01-02T03:04:05.678Z")): [],
    Selection(since=moment("2026-01-02T03:04:05.678Z"), until=moment("2026-01-03T04:04:05.678+01:00")): [0, 1],
    Selection(code="budget_exceeded"): [],
}


def test_selections(ledger: tuple[str, Path]) -> None:
    """Sums, lists and pages are of the same requests, wherever those are."""
    with open_report(*ledger) as report:
        for selection, numbers in SELECTIONS.items():
            ids = [f"req_{number}" for number in numbers]
            assert [row["request_id"] for row in report.rows(selection=selection)] == ids
            assert [row["request_id"] for row in report.page(selection, 10)] == ids[::-1]
            assert report.summary(("model",), selection).total.output_tokens == sum(10**number for number in numbers)
            assert report.spent_nano_usd(selection) == sum(2 * 10**number for number in numbers if number != 5)


def test_pages(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        pages, before = [], None
        while page := report.page(ALL, 4, before):
            pages.append([row["request_id"] for row in page])
            before = position_of(page[-1])
    assert pages == [["req_5", "req_4", "req_3", "req_2"], ["req_1", "req_0"]]


def test_groups_of_several(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        found = report.summary(("key", "day"))
    assert {group: totals.requests for group, totals in found.groups.items()} == {
        (key, day): 1 for key in ("dev", "ops") for day in ("2026-01-02", "2026-01-03", "2026-01-04")
    }
    assert by_of("key, day") == ("key", "day")


def test_sums(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        summary = report.summary(("model",))
    assert summary.total == Totals(
        requests=6,
        not_done=2,
        unpriced=1,
        input_tokens=600,
        output_tokens=111_111,
        cached_read_tokens=180,
        cached_write_tokens=0,
        reasoning_tokens=12,
        cost_nano_usd=11_111,
        estimated_cost_nano_usd=10_000,
        hedge_cost_nano_usd=6 * 300,
        price_nano_usd=22_222,
    )
    assert summary.open == 1


def test_rows_come_in_order(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        rows = list(report.rows())
        newest = list(report.rows(last=2))
    assert [row["request_id"] for row in rows] == [f"req_{number}" for number in range(6)]
    assert newest == rows[-2:]
    assert rows[1]["started_at"] == datetime.fromtimestamp(STARTED_AT, UTC) + timedelta(hours=12)


def test_one_is_found(ledger: tuple[str, Path]) -> None:
    with open_report(*ledger) as report:
        ended, still_open, unknown = (report.find(f"req_{name}") for name in ("4", "open", "unknown"))
    assert ended is not None
    assert (ended["ended"], ended["output_tokens"]) == ("client_gone", 10_000)
    assert still_open is not None
    assert (still_open["ended"], still_open["key"]) == (None, "dev")
    assert unknown is None


def test_what_is_carried_meanwhile_is_not_counted_twice(tmp_path: Path, store_url: str) -> None:
    ledger = Ledger(store_url, tmp_path / "journal", UNHURRIED)
    ledger.start()
    assert ledger.flush(20.0)
    ledger.admit(admission("req_1"))
    ledger.settle(settlement("req_1"))
    with open_report(store_url, tmp_path / "journal") as report:
        assert ledger.flush(20.0)
        assert report.summary(("model",)).total.requests == 1
        assert len(list(report.rows())) == 1
    ledger.close()


def test_where_nothing_is_yet_nothing_is_made(tmp_path: Path) -> None:
    with open_report(sqlite_url(tmp_path), tmp_path / "journal") as report:
        assert report.summary(("key",)).total == Totals()
        assert list(report.rows()) == []
        assert report.find("req_1") is None
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_table_is_an_empty_store(store_url: str, tmp_path: Path) -> None:
    (tmp_path / "sealink.db").touch()
    with open_report(store_url, tmp_path / "journal") as report:
        assert list(report.rows()) == []


def test_more_may_wait_than_one_query_can_ask_for(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path), tmp_path / "journal", UNHURRIED)
    ledger.start()
    assert ledger.flush(20.0)
    for number in range(1234):
        ledger.admit(admission(f"req_{number}"))
        ledger.settle(settlement(f"req_{number}", tokens=1))
        if number == 700:
            assert ledger.flush(20.0)
    with open_report(sqlite_url(tmp_path), tmp_path / "journal") as report:
        assert report.summary(("key",)).total.output_tokens == 1234
        assert report.summary(("key",)).waiting == 1234 - 701
    ledger.close()
