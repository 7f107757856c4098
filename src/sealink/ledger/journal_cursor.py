"""How far one journal has been uploaded to the store."""

import logging
from pathlib import Path

from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import OwnedFolder
from sealink.ledger.replay import Replay
from sealink.ledger.row import Row, RowTable, row_of

log = logging.getLogger("sealink.ledger")


class JournalCursor:
    """Pairs the entries of a journal, inserts the rows, and removes the segments that are no longer needed.

    A segment is needed until every request that was admitted in it has a row. A step that fails at any point is
    simply taken again. `uploaded` counts the rows that were inserted, `killed` those of them that `settle_open` made.
    """

    def __init__(self, folder: OwnedFolder) -> None:
        self.uploaded = 0
        self.killed = 0
        self.last: tuple[Admission, Settlement] | None = None
        """A request whose settlement is the last entry that was read; None: that is another."""
        self._folder = folder
        self._replay = Replay(folder.path, folder)
        self._open: dict[str, tuple[Admission, int]] = {}
        self._rows: list[Row] = []
        self._is_exhausted = False

    @property
    def path(self) -> Path:
        return self._folder.path

    def advance(self, table: RowTable, batch: int) -> bool:
        """Upload the next `batch` entries. False when there is nothing more for now."""
        if self._rows:  # the last insertion failed: more may have been written since they were read
            self._is_exhausted = False
        else:
            self._read(batch)
        self._insert(table)
        self._discard()
        return not self._is_exhausted

    def settle_open(self, table: RowTable) -> None:
        """Settle the requests that a dead owner had open: they were killed with it."""
        self._rows += [row_of(admission, _killed(admission)) for admission, _ in self._open.values()]
        self.killed += len(self._open)
        self._open.clear()
        self._insert(table)

    def close(self) -> None:
        """Remove the journal if all of it is in the store; else leave it to the next process that looks for it."""
        if not self._has_unstored():
            self._read(1)
        if self._has_unstored():
            self.release()
        else:
            self.remove()

    def remove(self) -> bool:
        """Remove the journal, all of which is in the store. False if its folder stays: something else is in it."""
        self._replay.close()
        self._replay.discard(set())
        try:
            self._folder.path.rmdir()
        except OSError as error:
            log.warning("%s cannot be removed, although all of it is in the store: %s", self._folder.path, error)
            return False
        finally:
            self._folder.release()
        return True

    def release(self) -> None:
        """Leave the journal to the next process that looks for it."""
        self._replay.close()
        self._folder.release()

    def _has_unstored(self) -> bool:
        """Whether something that was read is not in the store yet."""
        return bool(self._rows or self._open)

    def _read(self, batch: int) -> None:
        self._is_exhausted = False
        count = 0
        for position in self._replay.read(batch):
            count += 1
            entry = position.entry
            self.last = None
            if isinstance(entry, Admission):
                self._open[entry.request_id] = (entry, position.segment)
            else:
                admission, _ = self._open.pop(entry.request_id, (None, 0))
                self.last = None if admission is None else (admission, entry)
                self._rows.append(row_of(admission, entry))
        self._is_exhausted = count < batch

    def _insert(self, table: RowTable) -> None:
        table.insert(self._rows)
        self.uploaded += len(self._rows)
        self._rows.clear()

    def _discard(self) -> None:
        if self._replay.read_to_end:
            self._replay.discard({segment for _, segment in self._open.values()})


def _killed(admission: Admission) -> Settlement:
    return Settlement(request_id=admission.request_id, ended="killed", ended_by="sealink")
