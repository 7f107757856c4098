"""Whatever happens, in whatever order: each admitted request has one row, with what was settled, or `killed`.

Two workers share a root and a store. Either may die at any moment: in the middle of a line, between a commit and
the removal of segments, between the removal of one segment and the next. The store may be away, and may commit and
then fail to say so.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ledger_samples import admission, settlement, sqlite_url

from sealink.ledger.entry import to_line
from sealink.ledger.journal import Journal, OwnedFolder, segment_numbers, segment_path
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.reports.report import open_report
from sealink.ledger.requests_table import RequestsTable
from sealink.ledger.row import Row
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader
from sealink.store.errors import StoreUnavailable

SMALL = LedgerSettings(segment_bytes=700, batch_entries=3, recover_every_s=0.0)

EXAMPLES, EXAMPLES_IN_FULL = 25, 200

Health = Literal["up", "down", "silent"]


class MoodyTable(RequestsTable):
    """`down`: takes nothing; `silent`: takes what it is given and fails all the same."""

    health: Health = "up"

    def insert(self, rows: Sequence[Row]) -> None:
        if rows and self.health != "down":
            super().insert(rows)
        if rows and self.health != "up":
            raise StoreUnavailable(f"the store is {self.health}")


class Worker:
    """A process's part of the ledger, with no thread: it uploads when it is told to."""

    def __init__(self, root: Path, store: RequestsTable) -> None:
        self.folder = OwnedFolder.new(root)
        self.journal = Journal(self.folder, segment_bytes=SMALL.segment_bytes, fsync=False)
        self.cursor = JournalCursor(self.folder)
        self.uploader = Uploader(self.cursor, root, lambda: store, SMALL)
        self.open: list[str] = []
        self.settled: set[str] = set()

    def upload(self) -> bool:
        """True when there was nothing left to upload."""
        try:
            while self.uploader.upload():
                pass
        except StoreUnavailable:
            return False
        return True

    def die(self, torn: bytes = b"") -> None:
        """In the middle of writing a line, of which only `torn` was written."""
        last = segment_path(self.folder.path, segment_numbers(self.folder.path)[-1])
        self.journal.close()
        with last.open("ab") as segment:
            segment.write(torn)
        for cursor in (*self.uploader._inherited, self.cursor):
            cursor.release()


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    store = RequestsTable(sqlite_url(folder), timeout_s=5.0)
    store.migrate()
    store.close()
    return folder / "sealink.db"


class LedgerMachine(RuleBasedStateMachine):
    empty_store: Path

    @initialize()
    def start(self) -> None:
        self.place = Path(tempfile.mkdtemp(dir=self.empty_store.parent))
        self.root = self.place / "journal"
        shutil.copy(self.empty_store, self.place / "sealink.db")
        self.url = sqlite_url(self.place)
        self.store = MoodyTable(self.url, timeout_s=5.0)
        self.admitted = 0
        self.settled: dict[str, int] = {}
        self.workers = [Worker(self.root, self.store), Worker(self.root, self.store)]

    @rule(worker=st.integers(0, 1), count=st.integers(1, 4))
    def admit(self, worker: int, count: int) -> None:
        for _ in range(count):
            request_id = f"req_{self.admitted}"
            self.workers[worker].journal.append(admission(request_id))
            self.workers[worker].open.append(request_id)
            self.admitted += 1

    @rule(worker=st.integers(0, 1), which=st.integers(0, 50), tokens=st.integers(0, 100), is_newest=st.booleans())
    def settle(self, worker: int, which: int, tokens: int, is_newest: bool) -> None:
        open_requests = self.workers[worker].open
        if open_requests:
            request_id = open_requests.pop(-1 if is_newest else which % len(open_requests))
            self.workers[worker].journal.append(settlement(request_id, tokens))
            self.settled[request_id] = tokens
            self.workers[worker].settled.add(request_id)

    @rule(worker=st.integers(0, 1))
    def settle_again(self, worker: int) -> None:
        """A fault in the gateway, at a time when it is in the same journal, changes nothing."""
        journal = self.workers[worker].journal
        request_id = f"req_{self.admitted}"
        self.admitted += 1
        self.settled[request_id] = 1
        journal.append(admission(request_id))
        journal.append(settlement(request_id, 1))
        journal.append(settlement(request_id, 2))

    @rule(worker=st.integers(0, 1))
    def upload(self, worker: int) -> None:
        if self.workers[worker].upload():
            assert self.workers[worker].settled <= set(self.stored())
        else:
            assert self.store.health != "up"

    @rule(worker=st.integers(0, 1))
    def upload_a_little(self, worker: int) -> None:
        try:
            self.workers[worker].uploader.upload()
        except StoreUnavailable:
            assert self.store.health != "up"

    @rule(health=st.sampled_from(["up", "down", "silent"]))
    def turn(self, health: Health) -> None:
        self.store.health = health

    @rule(worker=st.integers(0, 1), torn=st.integers(0, 300))
    def die_while_writing(self, worker: int, torn: int) -> None:
        """Of a line that was being written any part may be there, but not its end."""
        open_requests = self.workers[worker].open
        line = to_line(settlement(open_requests[0]) if open_requests else admission("req_never"))
        self.workers[worker].die(line[: min(torn, len(line) - 1)])
        self.workers[worker] = Worker(self.root, self.store)

    @rule(worker=st.integers(0, 1), removed=st.sets(st.integers(0, 9)))
    def die_while_removing(self, worker: int, removed: set[int]) -> None:
        """Some of the segments that an upload removed are still there: it died between two of them."""
        before = {path: path.read_bytes() for path in self.root.rglob("*.jsonl")}
        self.workers[worker].upload()
        self.workers[worker].die()
        gone = sorted(path for path in before if not path.exists())
        for index, path in enumerate(gone):
            if index not in removed:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(before[path])
        self.workers[worker] = Worker(self.root, self.store)

    @invariant()
    def what_is_stored_is_true(self) -> None:
        if hasattr(self, "workers"):
            self.check(self.stored())

    @rule()
    def look_on(self) -> None:
        """What the store and the journals have together is each settled request, once, at any time."""
        with open_report(self.url, self.root) as report:
            rows = list(report.rows())
            summary = report.summary(("model",))
        found = {row["request_id"]: row for row in rows}
        self.check(found)
        assert len(found) == len(rows) == summary.total.requests
        assert set(self.settled) <= set(found)
        assert summary.total.output_tokens == sum(self.settled.values())
        assert summary.total.requests + summary.open == self.admitted

    def stored(self) -> dict[str, Row]:
        with closing(sqlite3.connect(self.place / "sealink.db")) as connection:
            rows = connection.execute("SELECT request_id, key, ended, output_tokens FROM requests").fetchall()
        return {row[0]: dict(zip(("request_id", "key", "ended", "output_tokens"), row, strict=True)) for row in rows}

    def check(self, rows: dict[str, Row]) -> None:
        for request_id, row in rows.items():
            if request_id in self.settled:
                assert (row["ended"], row["output_tokens"]) == ("done", self.settled[request_id])
            else:
                assert (row["ended"], row["output_tokens"]) == ("killed", None)
            assert row["key"] == "dev"

    def teardown(self) -> None:
        if not hasattr(self, "workers"):
            return
        self.store.health = "up"
        for worker in self.workers:
            worker.die()
        last = Worker(self.root, self.store)
        assert last.upload()
        rows = self.stored()
        self.check(rows)
        assert set(rows) == {f"req_{number}" for number in range(self.admitted)}
        assert list(self.root.iterdir()) == [last.folder.path]
        last.die()
        self.store.close()
        shutil.rmtree(self.place)


def test_each_admitted_request_has_one_row(empty_store: Path, full: bool) -> None:
    LedgerMachine.empty_store = empty_store
    examples = EXAMPLES_IN_FULL if full else EXAMPLES
    run_state_machine_as_test(LedgerMachine, settings=settings(max_examples=examples, stateful_step_count=30))
