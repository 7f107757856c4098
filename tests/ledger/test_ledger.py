"""The ledger as the gateway uses it: nothing to wait for, nothing lost, whatever the store and the disk do."""

import asyncio
import itertools
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Set
from pathlib import Path

import msgspec
import pytest
from file_size import largest_file
from ledger_samples import IMPATIENT, admission, settlement, sqlite_url, stored_rows

from postgresql_server import PostgresqlServer
from sealink.errors import ServiceUnavailable
from sealink.ledger.journal import OwnedFolder
from sealink.ledger.ledger import Ledger
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader_thread import UploaderThread
from sealink.store.errors import StoreError, StoreUnavailable
from sealink.usage import Usage

LONG_S = 20.0
"""Longer than anything here takes, however busy the machine is."""


def ledger_in(folder: Path, url: str | None = None, settings: LedgerSettings = IMPATIENT) -> Ledger:
    ledger = Ledger(url or sqlite_url(folder), folder / "journal", settings)
    ledger.start()
    return ledger


def left_in_journal(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "journal").rglob("*.jsonl")))


def test_what_is_settled_is_in_the_store(tmp_path: Path, store_url: str) -> None:
    ledger = ledger_in(tmp_path, store_url)
    for number in range(250):
        ledger.admit(admission(f"req_{number}"))
        ledger.settle(settlement(f"req_{number}", tokens=number))
    assert ledger.flush(LONG_S)
    assert {name: row["output_tokens"] for name, row in stored_rows(store_url).items()} == {
        f"req_{number}": number for number in range(250)
    }
    status = ledger.status()
    assert (status.pending, status.uploaded, status.recovered, status.last_error) == (0, 250, 0, None)
    ledger.close()
    assert list((tmp_path / "journal").iterdir()) == []


def test_it_is_carried_without_being_asked_for(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.admit(admission("req_1"))
    ledger.settle(settlement("req_1"))
    deadline = time.monotonic() + LONG_S
    while ledger.status().pending and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert list(stored_rows(sqlite_url(tmp_path))) == ["req_1"]
    ledger.close()


def test_close_carries_what_is_left_and_the_next_start_kills_what_was_open(tmp_path: Path) -> None:
    first = ledger_in(tmp_path)
    first.admit(admission("req_open"))
    first.admit(admission("req_done"))
    first.settle(settlement("req_done"))
    first.close()
    assert list(stored_rows(sqlite_url(tmp_path))) == ["req_done"]

    second = ledger_in(tmp_path)
    assert second.flush(LONG_S)
    assert second.status().recovered == 2  # one of them again, to no effect
    second.close()
    rows = stored_rows(sqlite_url(tmp_path))
    killed = rows["req_open"]
    assert rows["req_done"]["ended"] == "done"
    assert (killed["ended"], killed["ended_by"], killed["usage_source"], killed["cost_nano_usd"]) == (
        "killed",
        "sealink",
        None,
        None,
    )
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_process_that_dies_is_noticed_by_those_that_live(tmp_path: Path) -> None:
    living = ledger_in(tmp_path, settings=msgspec.structs.replace(IMPATIENT, recover_every_s=0.02))
    assert living.flush(LONG_S)
    dead = ledger_in(tmp_path, settings=msgspec.structs.replace(IMPATIENT, upload_every_s=LONG_S))
    assert dead.flush(LONG_S)
    dead.admit(admission("req_1"))
    dead.close()  # with a request open: as good as dead
    deadline = time.monotonic() + LONG_S
    while not living.status().recovered and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    living.close()
    assert stored_rows(sqlite_url(tmp_path))["req_1"]["ended"] == "killed"


def test_the_providers_other_usage_fields_stay_out(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, settings=msgspec.structs.replace(IMPATIENT, upload_every_s=LONG_S))
    assert ledger.flush(LONG_S)
    ledger.admit(admission("req_1"))
    ledger.settle(settlement("req_1", usage=Usage(input_tokens=3, extras={"secret": msgspec.Raw(b'"sauce"')})))
    assert b"sauce" not in left_in_journal(tmp_path)
    assert b'"input_tokens":3' in left_in_journal(tmp_path)
    ledger.close()


def test_sqlite_locked_for_seconds_is_not_noticed(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    assert ledger.flush(LONG_S)
    other = sqlite3.connect(tmp_path / "sealink.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    longest_s = under_load(ledger, for_s=1.5)
    assert longest_s < 1.0
    assert not ledger.flush(0.3)
    status = ledger.status()
    assert (status.uploaded, status.last_error) == (0, "database is locked")
    assert status.pending > 100
    assert status.failures > 2
    other.execute("ROLLBACK")
    other.close()
    assert ledger.flush(LONG_S)
    assert ledger.status().last_error is None
    assert len(stored_rows(sqlite_url(tmp_path))) == status.pending
    ledger.close()


def test_postgresql_stopped_and_started_again_is_not_noticed(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    url = postgresql.new_database("stopped")
    ledger = ledger_in(tmp_path, url)
    assert ledger.flush(LONG_S)
    postgresql.stop()
    try:
        longest_s = under_load(ledger, for_s=1.0)
        assert longest_s < 1.0
        assert not ledger.flush(0.3)
        status = ledger.status()
        assert status.uploaded == 0
        assert "onnection" in (status.last_error or "")
    finally:
        postgresql.start()
    assert ledger.flush(LONG_S)
    ledger.close()
    assert len(stored_rows(url)) == status.pending > 100


def under_load(ledger: Ledger, for_s: float) -> float:
    """Admit and settle for a while. Returns the longest time that one call took, in seconds."""
    ends_at = time.monotonic() + for_s
    longest_s, number = 0.0, 0
    while (began_at := time.monotonic()) < ends_at:
        ledger.admit(admission(f"req_{number}"))
        ledger.settle(settlement(f"req_{number}"))
        longest_s = max(longest_s, time.monotonic() - began_at)
        number += 1
        threading.Event().wait(0.001)
    return longest_s


def test_a_store_that_is_away_at_start_and_at_the_end_costs_no_row(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/not-mounted/sealink.db"
    for request_id in ("req_1", "req_2"):
        ledger = ledger_in(tmp_path, url)
        ledger.admit(admission(request_id))
        ledger.settle(settlement(request_id))
        began_at = time.monotonic()
        ledger.close()
        assert time.monotonic() - began_at < IMPATIENT.close_s + 5
    (tmp_path / "not-mounted").mkdir()
    ledger = ledger_in(tmp_path, url)
    assert ledger.flush(LONG_S)
    ledger.close()
    assert sorted(stored_rows(url)) == ["req_1", "req_2"]


def test_a_disk_that_takes_nothing_refuses_requests_and_keeps_settlements(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, settings=msgspec.structs.replace(IMPATIENT, upload_every_s=LONG_S))
    assert ledger.flush(LONG_S)
    ledger.admit(admission("req_1"))
    ledger.admit(admission("req_2"))
    with largest_file(10):
        ledger.settle(settlement("req_1"))
        ledger.settle(settlement("req_2"))
        with pytest.raises(ServiceUnavailable) as refusal:
            ledger.admit(admission("req_refused"))
        assert not ledger.can_write()
    assert ledger.can_write()
    assert refusal.value.code == "ledger_unavailable"
    ledger.admit(admission("req_3"))
    assert re.findall(rb'"entry":"(\w+)","request_id":"(\w+)".*\n', left_in_journal(tmp_path)) == [
        (b"admitted", b"req_1"),
        (b"admitted", b"req_2"),
        (b"settled", b"req_1"),
        (b"settled", b"req_2"),
        (b"admitted", b"req_3"),
    ]
    ledger.settle(settlement("req_3"))
    assert ledger.flush(LONG_S)
    ledger.close()
    assert {row["request_id"]: row["ended"] for row in stored_rows(sqlite_url(tmp_path)).values()} == {
        "req_1": "done",
        "req_2": "done",
        "req_3": "done",
    }


def test_what_can_never_work_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        ledger_in(tmp_path, "mysql://127.0.0.1/x")
    (tmp_path / "journal").write_text("not a folder")
    with pytest.raises(OSError, match="journal"):
        ledger_in(tmp_path)


def test_carrying_does_not_hold_up_the_event_loop(tmp_path: Path, report: Callable[[str], None]) -> None:
    ledger = ledger_in(tmp_path)
    assert ledger.flush(LONG_S)

    async def lags() -> list[float]:
        found = []
        for number in range(400):
            began_at = time.perf_counter()
            await asyncio.sleep(0.002)
            found.append(time.perf_counter() - began_at - 0.002)
            for part in range(4):
                ledger.admit(admission(f"req_{number}_{part}"))
                ledger.settle(settlement(f"req_{number}_{part}"))
        return sorted(found)

    found = asyncio.run(lags())
    median_s, p95_s = found[200], found[380]
    report(f"lag of the event loop at 2,000 requests/s: median {median_s * 1e3:.2f} ms, p95 {p95_s * 1e3:.2f} ms")
    assert median_s < 1.0
    ledger.close()
    assert len(stored_rows(sqlite_url(tmp_path))) == 1600


class Failing:
    """Stands for an Uploader: fails, but for those of its tries that are said to succeed."""

    def __init__(self, succeeds: Set[int] = frozenset()) -> None:
        self.tries: list[float] = []
        self._succeeds = succeeds
        self.is_closed = False

    def upload(self) -> bool:
        self.tries.append(time.monotonic())
        if len(self.tries) not in self._succeeds:
            raise StoreUnavailable("away")
        return False

    def close(self) -> None:
        self.is_closed = True

    def waits_of(self, settings: LedgerSettings, tries: int) -> list[float]:
        """How long a thread waits after each of its first tries."""
        thread = UploaderThread(self, settings)  # type: ignore[arg-type]
        thread.start()
        deadline = time.monotonic() + LONG_S
        while len(self.tries) <= tries and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        assert thread.stop(LONG_S)
        assert self.is_closed
        return [later - earlier for earlier, later in itertools.pairwise(self.tries[: tries + 1])]


def test_it_tries_again_less_and_less_often(caplog: pytest.LogCaptureFixture) -> None:
    waits = Failing().waits_of(LedgerSettings(retry_min_s=0.02, retry_max_s=0.08), tries=5)
    least = [0.02, 0.04, 0.08, 0.08, 0.08]
    assert all(wait >= at_least for wait, at_least in zip(waits, least, strict=True)), waits
    assert caplog.text.count("rows wait in the journal: away") == 1


def test_after_a_success_it_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    settings = LedgerSettings(retry_min_s=0.01, retry_max_s=60.0, upload_every_s=0.01)
    waits = Failing(succeeds={7}).waits_of(settings, tries=12)
    assert sum(waits[:6]) >= 0.63
    assert sum(waits[6:]) < 5.0  # 20 s if it went on from where it was
    assert caplog.text.count("rows wait in the journal") == 2
    assert caplog.text.count("can be written again") == 1


def test_a_store_that_hangs_cannot_hold_up_the_end() -> None:
    uploader, let_go = Failing(), threading.Event()
    uploader.upload = let_go.wait  # type: ignore[method-assign]
    thread = UploaderThread(uploader, IMPATIENT)  # type: ignore[arg-type]
    thread.start()
    assert not thread.flush(0.05)
    assert not thread.stop(0.05)
    assert not uploader.is_closed  # its files are in use
    let_go.set()
    assert thread.stop(LONG_S)
    assert uploader.is_closed


def test_a_journal_belongs_to_its_process_until_it_closes(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = (tmp_path / "journal").iterdir()
    assert OwnedFolder.take(path) is None
    ledger.close()
    assert OwnedFolder.take(path) is None  # it is gone


def test_close_does_not_wait_for_a_store_that_hangs_and_the_files_are_closed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(RequestsTable, "migrate", lambda _: let_go.wait(LONG_S))
    ledger = ledger_in(tmp_path, settings=msgspec.structs.replace(IMPATIENT, close_s=0.01, store_timeout_s=0.01))
    ledger.admit(admission("req_1"))
    ledger.close()
    (path,) = (tmp_path / "journal").iterdir()
    assert OwnedFolder.take(path) is None
    let_go.set()
    ledger._thread._thread.join(LONG_S)
    left = OwnedFolder.take(path)
    assert left is not None
    left.release()
