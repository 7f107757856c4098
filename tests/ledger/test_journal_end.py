"""How the journal of a dead process ends: what others may not have been told of before it died."""

from pathlib import Path
from typing import Any

import pytest
from ledger_samples import admission, settlement

from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import LATELY_S, JournalCursor, JournalEnd
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader


class Rows:
    def migrate(self) -> None: ...
    def close(self) -> None: ...
    def insert(self, rows: Any) -> None: ...


def ends_of(root: Path, entries: list[Any], batch: int) -> list[JournalEnd]:
    """What is told of a dead process's journal with these entries."""
    dead, own, found = OwnedFolder.new(root), OwnedFolder.new(root), list[JournalEnd]()
    journal = Journal(dead, segment_bytes=600, fsync=False)
    for entry in entries:
        journal.append(entry)
    journal.close()
    dead.release()
    settings = LedgerSettings(batch_entries=batch, recover_every_s=0.0)
    uploader = Uploader(JournalCursor(own), root, Rows, settings)
    uploader.on_recovered = found.append
    while not found:
        uploader.upload()
    uploader.close()
    return found


def ended(number: int, after_s: float, **of: Any) -> list[Any]:
    """A request that took no time."""
    name, started_at = f"req_{number}", 1_700_000_000 + after_s
    return [admission(name, started_at=started_at, **of), settlement(name, duration_ms=None)]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_one_of_each_kind_that_was_settled_lately(tmp_path: Path, batch: int) -> None:
    entries = [
        *ended(1, 0, key="long ago"),
        *ended(2, 10, key="a"),
        *ended(3, 10.1, key="a"),
        *ended(4, 10.2, key="a", team="t"),
        *ended(5, 10.3, key="b", model=None),
        *ended(6, 10 + LATELY_S, key="c"),
    ]
    (end,) = ends_of(tmp_path, entries, batch)
    assert sorted((each.key, each.team or "", each.request_id) for each in end.lately) == [
        ("a", "", "req_3"), ("a", "t", "req_4"), ("b", "", "req_5"), ("c", "", "req_6")
    ]  # fmt: skip
    assert end.last == tuple(entries[-2:])


def test_what_a_request_took_says_when_it_ended(tmp_path: Path) -> None:
    entries = [
        *ended(1, 0, key="old"),
        admission("req_2", key="long", started_at=1_700_000_000 - 60),
        settlement("req_2", duration_ms=65_000.0),
    ]
    (end,) = ends_of(tmp_path, entries, 100)
    assert [each.key for each in end.lately] == ["long"]


def test_a_last_request_that_was_not_settled(tmp_path: Path) -> None:
    (end,) = ends_of(tmp_path, [*ended(1, 0), admission("req_2")], 100)
    assert end.last is None
    assert [each.request_id for each in end.lately] == ["req_1"]
