"""What the journal of a dead process tells of it: what others may not have been told before it died."""

from pathlib import Path
from typing import Any

import pytest
from ledger_samples import admission, settlement

from sealink.ledger import journal_cursor
from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import Inheritance, JournalCursor
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader


class Rows:
    def migrate(self) -> None: ...
    def close(self) -> None: ...
    def insert(self, rows: Any) -> None: ...


def inherited(root: Path, entries: list[Any], batch: int = 100) -> Inheritance:
    """What is told of a dead process's journal with these entries."""
    dead, own, found = OwnedFolder.new(root), OwnedFolder.new(root), list[Inheritance]()
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
    (only,) = found
    return only


def ended(number: int, **of: Any) -> list[Any]:
    return [admission(f"req_{number}", **of), settlement(f"req_{number}")]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_the_last_one_of_each_kind_that_was_settled(tmp_path: Path, batch: int) -> None:
    entries = [
        *ended(1, key="a"),
        *ended(2, key="b", model=None),
        *ended(3, key="a"),
        *ended(4, key="a", team="t"),
        *ended(5, key="a", model="other"),
    ]
    found = inherited(tmp_path, entries, batch)
    assert [each.request_id for each in found.settled] == ["req_2", "req_3", "req_4", "req_5"]
    assert found.last == tuple(entries[-2:])


def test_a_last_request_that_was_not_settled(tmp_path: Path) -> None:
    found = inherited(tmp_path, [*ended(1), admission("req_2")])
    assert found.last is None
    assert [each.request_id for each in found.settled] == ["req_1"]


def test_the_kinds_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_cursor, "MOST_KINDS", 3)
    entries = [*ended(0, key="key-0"), *(entry for number in range(5) for entry in ended(number, key=f"key-{number}"))]
    found = inherited(tmp_path, [*entries, *ended(9, key="key-2")])
    assert [each.key for each in found.settled] == ["key-3", "key-4", "key-2"]
