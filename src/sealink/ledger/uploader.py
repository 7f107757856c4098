"""Uploads journals to the store: this process's own, and those of processes that have died."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.row import RowTable
from sealink.ledger.settings import LedgerSettings
from sealink.store.errors import StoreUnavailable

log = logging.getLogger("sealink.ledger")


OnRecovered = Callable[[str, Admission | None, Settlement | None], None]
"""Called, in the uploader's thread, with the name of a dead process's journal of which all is stored, before that is
removed; and with its last entry, if that is a settlement, and the admission before it. Where it raises, the journal is
left to the next search."""


class Uploader:
    """All of a process's writes to the store, and what it holds for them: the table's connections, files, locks.

    `open_table` is called at the first upload. `recovered` counts the rows of dead processes' journals, those of
    killed requests included.
    """

    def __init__(
        self, own: JournalCursor, root: Path, open_table: Callable[[], RowTable], settings: LedgerSettings
    ) -> None:
        self.own = own
        self.on_recovered: OnRecovered | None = None
        self.recovered = 0
        self._root = root
        self._open_table = open_table
        self._table: RowTable | None = None
        self._settings = settings
        self._inherited: list[JournalCursor] = []
        self._left: dict[Path, str] = {}
        self._finished: set[Path] = set()
        self._is_migrated = False
        self._look_again_at = 0.0
        self._roll_up_at = 0.0

    def upload(self) -> bool:
        """Upload a batch of each journal; True if there is more.

        Raises whatever went wrong; the next call goes on from there. The journal of a dead process in which something
        goes wrong is left to the next search for such journals: it does not hold up the others.
        """
        table = self._migrated_table()
        has_more = self._advance(self.own, table)
        self._take_over()
        for cursor in self._inherited.copy():
            self._advance_inherited(cursor, table)
        if not has_more and not self._inherited:
            self._roll_up(table)
        return has_more or bool(self._inherited)

    def close(self) -> None:
        """Remove the own journal if it is in the store, leave the others as they are, and close the store."""
        for cursor in self._inherited:
            cursor.release()
        try:
            self.own.close()
        finally:
            if self._table is not None:
                self._table.close()

    def _migrated_table(self) -> RowTable:
        if self._table is None:
            self._table = self._open_table()
        if not self._is_migrated:
            self._table.migrate()
            self._is_migrated = True
        return self._table

    def _advance(self, cursor: JournalCursor, table: RowTable) -> bool:
        return cursor.advance(table, self._settings.batch_entries)

    def _roll_up(self, table: RowTable) -> None:
        """Remove the rows that are too old, if it is time to look for them again: their days keep their sums."""
        if not self._settings.keep_days or time.monotonic() < self._roll_up_at:
            return
        if removed := table.roll_up(self._settings.keep_days):
            log.info("%d rows are older than %d days: their days keep their sums", removed, self._settings.keep_days)
        self._roll_up_at = time.monotonic() + self._settings.roll_up_every_s

    def _take_over(self) -> None:
        """Take over the journals whose owners have died, if it is time to look for them again."""
        if time.monotonic() < self._look_again_at:
            return
        self._look_again_at = time.monotonic() + self._settings.recover_every_s
        for path in sorted(self._root.iterdir()):
            try:
                if path not in self._finished and path.is_dir() and (folder := OwnedFolder.take(path)) is not None:
                    self._inherited.append(JournalCursor(folder))
            except OSError as error:
                self._leave(path, error)

    def _advance_inherited(self, cursor: JournalCursor, table: RowTable) -> None:
        try:
            if not self._advance(cursor, table):
                self._finish(cursor, table)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001
            self._inherited.remove(cursor)
            cursor.release()
            self._leave(cursor.path, error)

    def _leave(self, path: Path, error: Exception) -> None:
        """Say once what is wrong with a journal."""
        if self._left.get(path) != str(error):
            self._left[path] = str(error)
            traceback = None if isinstance(error, OSError) else error
            log.warning("the journal %s cannot be uploaded for now: %s", path, error, exc_info=traceback)

    def _finish(self, cursor: JournalCursor, table: RowTable) -> None:
        """A dead process's journal has been read to its end: the requests that are still open were killed with it."""
        cursor.settle_open(table)
        if self.on_recovered is not None:
            self.on_recovered(cursor.path.name, *(cursor.last or (None, None)))
        if not cursor.remove():
            self._finished.add(cursor.path)
        self._inherited.remove(cursor)
        self.recovered += cursor.uploaded
        log.info("recovered %d requests of a process that died, %d of them unsettled", cursor.uploaded, cursor.killed)
