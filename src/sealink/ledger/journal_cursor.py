"""One journal on its way into the store."""

from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import OwnedFolder
from sealink.ledger.replay import Replay
from sealink.ledger.row import Row, row_of
from sealink.store.store import Store


class JournalCursor:
    """Pairs the entries of a journal, inserts the rows, and removes the segments that are no longer needed.

    A segment is needed until all that it let in has a row. A step that fails at any point is simply taken again.
    """

    def __init__(self, folder: OwnedFolder) -> None:
        self.carried = 0
        self.killed = 0
        self._folder = folder
        self._replay = Replay(folder.path)
        self._open: dict[str, tuple[Admission, int]] = {}
        self._rows: list[Row] = []
        self._is_exhausted = False

    @property
    def is_settled(self) -> bool:
        """All that was read is in the store."""
        return not self._rows and not self._open

    def advance(self, store: Store, batch: int) -> bool:
        """Carry the next `batch` entries. False when there is nothing more for now."""
        if not self._rows:
            self._read(batch)
        self._insert(store)
        self._discard()
        return not self._is_exhausted

    def settle_open(self, store: Store) -> None:
        """Settle what a dead owner had let in: it was killed."""
        self._rows += [row_of(admission, _killed(admission)) for admission, _ in self._open.values()]
        self.killed += len(self._open)
        self._open.clear()
        self._insert(store)

    def remove(self) -> None:
        """Remove the journal, which is settled."""
        self._replay.close()
        self._replay.discard(set())
        self._folder.path.rmdir()
        self._folder.release()

    def release(self) -> None:
        """Leave the journal to whoever finds it."""
        self._replay.close()
        self._folder.release()

    def _read(self, batch: int) -> None:
        placed = self._replay.read(batch)
        self._is_exhausted = len(placed) < batch
        for one in placed:
            entry = one.entry
            if isinstance(entry, Admission):
                self._open[entry.request_id] = (entry, one.segment)
            else:
                admission, _ = self._open.pop(entry.request_id, (None, 0))
                self._rows.append(row_of(admission, entry))

    def _insert(self, store: Store) -> None:
        store.insert(self._rows)
        self.carried += len(self._rows)
        self._rows.clear()

    def _discard(self) -> None:
        if self._replay.read_to_end:
            self._replay.discard({segment for _, segment in self._open.values()})


def _killed(admission: Admission) -> Settlement:
    return Settlement(request_id=admission.request_id, ended="killed", ended_by="sealink")
