"""kill -9 at random moments under load: each request that was admitted has one row, none is counted twice."""

import random
import time
from pathlib import Path

import ledger_under_load
import pytest
from ledger_samples import sqlite_url, stored_rows

from postgresql_server import PostgresqlServer
from sealink.ledger.ledger import Ledger
from sqlite_lock import locked

KILLS, KILLS_IN_FULL = 6, 20
LONG_S = 30.0


def killed_under_load(url: str, folder: Path, turns: range) -> None:
    """Start a process on what the one before it left, and kill it, again and again."""
    for turn in turns:
        process = ledger_under_load.start(url, folder, turn)
        report = ledger_under_load.report_of(folder, turn)
        deadline = time.monotonic() + LONG_S
        while not report.exists() and time.monotonic() < deadline:
            process.join(0.005)
        process.join(random.uniform(0.0, 0.15))
        assert process.exitcode is None, "it ended before it was killed"
        process.kill()
        process.join()
        process.close()


@pytest.fixture
def kills(full: bool) -> int:
    return KILLS_IN_FULL if full else KILLS


def check(url: str, folder: Path, kills: int) -> None:
    """Start once more, and look."""
    ledger = Ledger(url, folder / "journal", ledger_under_load.SETTINGS)
    ledger.start()
    assert ledger.flush(LONG_S)
    ledger.close()
    rows, said = stored_rows(url), ledger_under_load.reported(folder)
    ledger_under_load.check(rows, said, unheard=kills)
    print(f"\n{kills} kills, {len(said.admitted)} admitted, {len(said.settled)} settled, {len(rows)} rows")
    assert len(said.settled) > 5 * kills
    assert len(rows) > len(said.settled)
    assert list((folder / "journal").iterdir()) == []


def test_killed_with_the_store_at_hand(tmp_path: Path, store_url: str, kills: int) -> None:
    killed_under_load(store_url, tmp_path, range(kills))
    check(store_url, tmp_path, kills)


def test_killed_with_sqlite_locked_for_the_first_half(tmp_path: Path, kills: int) -> None:
    with locked(tmp_path / "sealink.db"):
        killed_under_load(sqlite_url(tmp_path), tmp_path, range(kills // 2))
    killed_under_load(sqlite_url(tmp_path), tmp_path, range(kills // 2, kills))
    check(sqlite_url(tmp_path), tmp_path, kills)


def test_killed_with_postgresql_stopped_for_the_first_half(
    tmp_path: Path, postgresql: PostgresqlServer, kills: int
) -> None:
    url = postgresql.new_database("killed")
    postgresql.stop()
    try:
        killed_under_load(url, tmp_path, range(kills // 2))
    finally:
        postgresql.start()
    killed_under_load(url, tmp_path, range(kills // 2, kills))
    check(url, tmp_path, kills)


@pytest.mark.parametrize("victims", [0, 2])
def test_workers_that_start_at_once_share_a_store(tmp_path: Path, store_url: str, victims: int) -> None:
    """All of them find no table, and some die while the others go on."""
    most = [None] * victims + [150] * (4 - victims)
    processes = [ledger_under_load.start(store_url, tmp_path, turn, most[turn]) for turn in range(4)]
    for process in processes[victims:]:
        process.join(LONG_S)
        assert process.exitcode == 0
    for process in processes[:victims]:
        process.kill()
        process.join()
    ledger = Ledger(store_url, tmp_path / "journal", ledger_under_load.SETTINGS)
    ledger.start()
    assert ledger.flush(LONG_S)
    ledger.close()
    rows, said = stored_rows(store_url), ledger_under_load.reported(tmp_path)
    ledger_under_load.check(rows, said, unheard=victims)
    assert len(said.settled) >= 150 * (4 - victims)
    assert victims or set(rows) == set(said.settled)
