"""The store, in SQLite and in PostgreSQL: takes any row, once."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import admission, settlement, sqlite_url, stored_rows
from warm_processes import warm_processes

import sealink.access.tables.schema
import sealink.ledger.daily_usage
import sealink.webhooks.outbox  # noqa: F401  (all three declare other tables)
from sealink.ledger.requests_table import RequestsTable, requests
from sealink.ledger.row import MAX_COUNT, MAX_TEXT, row_of
from sealink.store.errors import StoreUnavailable
from sealink.store.schema import metadata
from sealink.usage import Usage

text = st.text(st.characters(codec="utf-8"))


def opened(url: str) -> RequestsTable:
    store = RequestsTable(url, timeout_s=5.0)
    store.migrate()
    return store


def test_the_migrations_make_the_table_that_the_code_expects(store_url: str) -> None:
    store = opened(store_url)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_migrating_again_changes_nothing(store_url: str) -> None:
    store = opened(store_url)
    store.insert([row_of(admission("req_1"), settlement("req_1"))])
    store.migrate()
    store.close()
    assert list(stored_rows(store_url)) == ["req_1"]


def migrate_at_once(url: str, barrier: Barrier) -> None:
    store = RequestsTable(url, timeout_s=20.0)
    barrier.wait()
    store.migrate()


def test_many_processes_may_migrate_at_once(store_url: str) -> None:
    barrier = warm_processes.Barrier(4)
    processes = [warm_processes.Process(target=migrate_at_once, args=(store_url, barrier)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert stored_rows(store_url) == {}


def test_a_row_is_kept_as_it_was_given(store_url: str) -> None:
    store = opened(store_url)
    store.insert([row_of(admission("req_1", task_type="billing", structured=True), settlement("req_1"))])
    store.close()
    row = stored_rows(store_url)["req_1"]
    assert row == {
        "request_id": "req_1",
        "started_at": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        "key": "dev",
        "team": None,
        "model": "claude-sonnet-4-6",
        "task_type": "billing",
        "client": "openai",
        "streamed": True,
        "structured": True,
        "ended": "done",
        "ended_by": "upstream",
        "code": None,
        "status": 200,
        "provider": "anthropic",
        "served_model": "claude-sonnet-4-6-20260101",
        "attempts": [
            {"provider": "my-vllm", "model": "qwen3", "code": "upstream_refused"},
            {"provider": "anthropic", "model": "claude-sonnet-4-6"},
        ],
        "input_tokens": 100,
        "output_tokens": 7,
        "cached_read_tokens": 30,
        "cached_write_tokens": 0,
        "reasoning_tokens": 2,
        "usage_source": "provider",
        "cost_nano_usd": 7000,
        "price_nano_usd": None,
        "hedge_cost_nano_usd": 300,
        "ttft_ms": 123.4,
        "duration_ms": 2345.6,
        "chunks": 41,
        "longest_gap_ms": 55.5,
        "bytes_sent": 9000,
        "timeline": [["admitted", 0.0], ["first_content", 123.4], ["last_byte", 2345.6]],
    }
    assert list(row) == list(row_of(admission("req_1"), settlement("req_1"))) == [c.name for c in requests.columns]


def test_a_request_has_one_row_and_it_is_the_first(store_url: str) -> None:
    store = opened(store_url)
    first, second = (row_of(admission("req_1"), settlement("req_1", tokens)) for tokens in (1, 2))
    store.insert([first, second])
    store.insert([second, row_of(admission("req_2"), settlement("req_2"))])
    store.close()
    assert {name: row["output_tokens"] for name, row in stored_rows(store_url).items()} == {"req_1": 1, "req_2": 7}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=text, tokens=st.integers(), cost=st.none() | st.integers(), number=st.integers(min_value=0))
def test_no_row_is_refused_whatever_clients_and_upstreams_say(
    stores: list[RequestsTable], said: str, tokens: int, cost: int | None, number: int
) -> None:
    row = row_of(
        admission(f"req_{number}", model=said, task_type=said),
        settlement(f"req_{number}", tokens, code=said, served_model=said, cost_nano_usd=cost),
    )
    for store in stores:
        store.insert([row])


@pytest.fixture(scope="module")
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RequestsTable]]:
    server = request.getfixturevalue("postgresql")
    both = [opened(sqlite_url(tmp_path_factory.mktemp("any"))), opened(server.new_database("any"))]
    yield both
    for store in both:
        store.close()


def test_what_is_out_of_bounds_is_cut_to_them() -> None:
    usage = Usage(input_tokens=10**30, output_tokens=-1)
    row = row_of(admission("req_1", model="a\0b" * 1000), settlement("req_1", usage=usage))
    assert (row["input_tokens"], row["output_tokens"]) == (MAX_COUNT, 0)
    assert row["model"].startswith("a\ufffdba")
    assert len(row["model"]) == MAX_TEXT


def test_a_settlement_whose_admission_is_damaged_still_has_a_row(store_url: str) -> None:
    store = opened(store_url)
    store.insert([row_of(None, settlement("req_1"))])
    store.close()
    row = stored_rows(store_url)["req_1"]
    assert (row["key"], row["started_at"], row["structured"], row["output_tokens"]) == (None, None, None, 7)


def test_sqlite_loses_no_committed_row_with_the_power_and_does_not_hold_up_readers(tmp_path: Path) -> None:
    store = opened(sqlite_url(tmp_path))
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        store.insert([row_of(admission("req_1"), settlement("req_1"))])  # while a reader is at it
    store.close()


def test_how_long_a_locked_file_is_waited_for_is_set(tmp_path: Path) -> None:
    store = opened(sqlite_url(tmp_path))
    impatient = RequestsTable(sqlite_url(tmp_path), timeout_s=0.01)
    other = sqlite3.connect(tmp_path / "sealink.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked") as failure:
        impatient.insert([row_of(admission("req_1"), settlement("req_1"))])
    assert "claude" not in str(failure.value)  # what was asked for is nobody's who reads the log
    other.execute("ROLLBACK")
    other.close()
    impatient.insert([row_of(admission("req_1"), settlement("req_1"))])
    store.close()
    impatient.close()
