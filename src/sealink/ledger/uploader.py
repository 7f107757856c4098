"""Carries journals into the store: this process's own, and those of owners that have died."""

import logging
import time
from pathlib import Path

from sealink.ledger.journal import OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.settings import LedgerSettings
from sealink.store.store import Store

log = logging.getLogger("sealink.ledger")


class Uploader:
    """All of a process's writes to the store. `recovered` counts the rows that others left, killed ones included."""

    def __init__(self, own: JournalCursor, root: Path, store: Store, settings: LedgerSettings) -> None:
        self.own = own
        self.recovered = 0
        self._root = root
        self._store = store
        self._settings = settings
        self._inherited: list[JournalCursor] = []
        self._is_migrated = False
        self._look_again_at = 0.0

    def carry(self) -> bool:
        """Carry a batch of each journal; True if there is more.

        Raises SQLAlchemyError or OSError where it got stuck; the next call goes on from there.
        """
        if not self._is_migrated:
            self._store.migrate()
            self._is_migrated = True
        has_more = self._advance(self.own)
        self._inherit()
        for cursor in self._inherited.copy():
            if not self._advance(cursor):
                self._finish(cursor)
        return has_more or bool(self._inherited)

    def release(self) -> None:
        """Leave to others what was taken over and is not finished."""
        for cursor in self._inherited:
            cursor.release()

    def _advance(self, cursor: JournalCursor) -> bool:
        return cursor.advance(self._store, self._settings.batch_entries)

    def _inherit(self) -> None:
        """Take over the journals whose owners have died, if it is time to look for them again."""
        if time.monotonic() < self._look_again_at:
            return
        for path in sorted(self._root.iterdir()):
            if path.is_dir() and (folder := OwnedFolder.take(path)) is not None:
                self._inherited.append(JournalCursor(folder))
        self._look_again_at = time.monotonic() + self._settings.recover_every_s

    def _finish(self, cursor: JournalCursor) -> None:
        """Its owner wrote no more than this: what it had let in and not settled was killed with it."""
        cursor.settle_open(self._store)
        cursor.remove()
        self._inherited.remove(cursor)
        self.recovered += cursor.carried
        log.info("recovered %d requests of a process that died, %d of them unsettled", cursor.carried, cursor.killed)
