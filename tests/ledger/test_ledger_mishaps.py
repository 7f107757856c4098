"""What nobody expects in a process's files and threads: it is logged, and no row is lost over it."""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ledger_samples import IMPATIENT, admission, settlement, sqlite_url, stored_rows

from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.ledger import Ledger
from sealink.ledger.reports.report import open_report
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import Row
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader
from sealink.usage import Usage
from waiting import until

LONG_S = 20.0
WATCHFUL = msgspec.structs.replace(IMPATIENT, recover_every_s=0.02)


def ledger_in(folder: Path, settings: LedgerSettings = WATCHFUL) -> Ledger:
    return Ledger(sqlite_url(folder), folder / "journal", settings)


def write(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.admit(admission(f"req_{number}"))
        ledger.settle(settlement(f"req_{number}"))


class Rows:
    """A table in memory."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def migrate(self) -> None: ...
    def close(self) -> None: ...

    def insert(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.ended.setdefault(row["request_id"], row["ended"])


# File descriptors run out


class Descriptors:
    """`os.scandir` and `open`, the `fails_at`-th call of which finds no descriptor left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails_at = 0
        self._calls = 0
        monkeypatch.setattr(os, "scandir", self._limited(os.scandir))
        monkeypatch.setattr(os, "open", self._limited(os.open))
        monkeypatch.setattr(Path, "open", self._limited(Path.open))

    def _limited(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def limited(*arguments: Any, **options: Any) -> Any:
            self._calls += 1
            if self._calls == self.fails_at:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return call(*arguments, **options)

        return limited

    def run_out_at(self, call: int) -> None:
        self._calls, self.fails_at = 0, call

    @property
    def ran_out(self) -> bool:
        return self._calls >= self.fails_at


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_no_entry_is_lost_wherever_the_descriptors_run_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Of an own journal and of a dead process's: each call that takes a descriptor fails once, and is made again."""
    descriptors = Descriptors(monkeypatch)
    settings = LedgerSettings(batch_entries=batch, recover_every_s=0.0)
    for call in range(1, 1000):
        root, rows = tmp_path / str(call), Rows()
        dead, own = OwnedFolder.new(root), OwnedFolder.new(root)
        for folder in (dead, own):
            journal = Journal(folder, segment_bytes=600, fsync=False)
            for number in range(6):
                journal.append(admission(f"req_{folder.path.name}_{number}"))
            for number in range(5):
                journal.append(settlement(f"req_{folder.path.name}_{number}"))
            journal.close()
        dead.release()
        uploader = Uploader(JournalCursor(own), root, lambda rows=rows: rows, settings)  # type: ignore[misc]
        descriptors.run_out_at(call)
        _upload_all(uploader)
        uploader.close()
        ran_out = descriptors.ran_out
        descriptors.run_out_at(0)
        assert list(rows.ended.values()).count("done") == 10, call
        assert list(rows.ended.values()).count("killed") == 1, call
        if not ran_out:
            assert call > 10
            return


def _upload_all(uploader: Uploader) -> None:
    for _ in range(100):
        try:
            if not uploader.upload() and uploader.recovered:
                return
        except OSError:
            pass
    raise AssertionError("It never comes to an end.")


# Unexpected files


def _directory(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("somebody's")


UNEXPECTED: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_text("not a journal\n" * 3),
    "empty file": lambda path: path.touch(),
    "directory": _directory,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to its folder": lambda path: path.symlink_to(path.parent),
    "pipe": os.mkfifo,
}
NAMES = ["notes.txt", "notes.jsonl", "1.jsonl", "00000002.jsonl", "99999999.jsonl", "²³.jsonl", ".jsonl"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", UNEXPECTED)
def test_an_unexpected_file_anywhere_is_in_nobodys_way(tmp_path: Path, kind: str, name: str) -> None:
    """In the root, in the folder of a process that died, and in that of one that lives."""
    settings = msgspec.structs.replace(WATCHFUL, segment_bytes=1500)
    dead = ledger_in(tmp_path, settings)
    write(dead, 1, 2, 3)
    dead._journal.close()
    dead._uploader.own.release()
    living = ledger_in(tmp_path, settings)
    root = tmp_path / "journal"
    for folder in (root, *(path for path in root.iterdir() if path.is_dir())):
        with suppress(FileExistsError):
            UNEXPECTED[kind](folder / name)
    living.start()
    write(living, 4, 5, 6, 7, 8, 9)
    assert living.flush(LONG_S)
    assert set(stored_rows(sqlite_url(tmp_path))) == {f"req_{number}" for number in range(1, 10)}
    with open_report(sqlite_url(tmp_path), root) as report:
        assert report.summary(("model",)).total.requests == 9
    living.close()
    assert living.status().last_error is None


def test_what_stays_behind_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dead = ledger_in(tmp_path)
    write(dead, 1)
    dead._journal.close()
    dead._uploader.own.release()
    (left,) = (tmp_path / "journal").iterdir()
    (left / "notes.txt").write_text("mine")
    living = ledger_in(tmp_path)
    living.start()
    for _ in range(20):
        assert living.flush(LONG_S)
    living.close()
    assert caplog.text.count("cannot be removed") == 1
    assert [path.name for path in left.iterdir()] == ["notes.txt"]


# Exceptions that nobody has thought of


@pytest.mark.parametrize("error", [RuntimeError("odd"), ImportError("gone"), KeyError("x"), MemoryError()], ids=repr)
def test_whatever_is_raised_the_thread_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    failures, insert = iter([error] * 3), RequestsTable.insert

    def insert_or_fail(table: RequestsTable, rows: Sequence[Row]) -> None:
        for failure in failures if rows else ():
            raise failure
        insert(table, rows)

    monkeypatch.setattr(RequestsTable, "insert", insert_or_fail)
    ledger = ledger_in(tmp_path)
    ledger.start()
    write(ledger, 1, 2)
    assert ledger.flush(LONG_S)
    assert set(stored_rows(sqlite_url(tmp_path))) == {"req_1", "req_2"}
    status = ledger.status()
    assert (status.failures, status.last_error) == (3, None)
    assert caplog.text.count("Traceback") == 1  # that of the first
    ledger.close()


def test_an_uploader_that_cannot_be_closed_leaves_its_journal_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_in(tmp_path)
    ledger.start()
    write(ledger, 1)
    with monkeypatch.context() as patched:
        patched.setattr(JournalCursor, "close", _fail)
        ledger.close()  # raises nothing, not in its thread either: pytest would say so
    ledger._uploader.own.release()
    with closing(ledger_in(tmp_path)) as next_start:
        next_start.start()
        until(lambda: set(stored_rows(sqlite_url(tmp_path))) == {"req_1"})


def test_a_settlement_that_cannot_be_written_holds_up_no_other(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.start()
    ledger.admit(admission("req_0"))
    ledger.settle(settlement("req_0", usage=Usage(input_tokens=10**4300)))  # beyond what Python turns into digits
    write(ledger, 1)
    assert ledger.flush(LONG_S)
    rows = stored_rows(sqlite_url(tmp_path))
    assert (rows["req_0"]["ended"], rows["req_0"]["input_tokens"]) == ("done", None)
    assert rows["req_1"]["input_tokens"] == 100
    ledger.close()


def test_after_a_failure_nothing_counts_as_read_that_was_written_meanwhile(tmp_path: Path) -> None:
    """Or `flush` would say that all is stored."""
    folder, rows = OwnedFolder.new(tmp_path), Rows()
    journal, cursor = Journal(folder, segment_bytes=10_000, fsync=False), JournalCursor(folder)
    for number in range(2):
        journal.append(admission(f"req_{number}"))
        journal.append(settlement(f"req_{number}"))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(rows, "insert", _fail)
            with pytest.raises(RuntimeError, match="odd"):
                cursor.advance(rows, 100)
    assert cursor.advance(rows, 100)
    assert not cursor.advance(rows, 100)
    assert set(rows.ended) == {"req_0", "req_1"}
    journal.close()
    cursor.close()


def _fail(_: object) -> None:
    raise RuntimeError("odd")
