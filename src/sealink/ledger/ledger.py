"""The ledger as the gateway sees it: admit, settle, and nothing to wait for."""

import logging
from collections import deque
from pathlib import Path

import msgspec

from sealink.errors import ServiceUnavailable
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader
from sealink.ledger.uploader_thread import UploaderThread
from sealink.store.store import Store

log = logging.getLogger("sealink.ledger")


class LedgerStatus(msgspec.Struct, frozen=True):
    """How far the ledger has got, for metrics. All but `pending` and `last_error` only grow.

    `pending` requests of this process are settled and not yet in the store, `carried` are; `recovered` were left by
    processes that died. `failures` counts tries that the store failed; `last_error` is None while all is well.
    """

    pending: int
    carried: int
    recovered: int
    failures: int
    last_error: str | None


class Ledger:
    """One process's ledger: a journal of its own under `journal_root`, carried into the store at `store_url`.

    To be used from one thread. Raises StoreError for a URL that cannot be used, OSError for a root that cannot be
    written; a store that is down is no error.
    """

    def __init__(self, store_url: str, journal_root: Path, settings: LedgerSettings | None = None) -> None:
        self._settings = settings = settings or LedgerSettings()
        self._store = Store(store_url, timeout_s=settings.store_timeout_s)
        folder = OwnedFolder.new(journal_root)
        self._journal = Journal(folder, segment_bytes=settings.segment_bytes, fsync=settings.fsync)
        self._cursor = JournalCursor(folder)
        self._uploader = Uploader(self._cursor, journal_root, self._store, settings)
        self._is_carried = False
        self._unwritten: deque[Settlement] = deque()
        self._settled = 0
        self._thread = UploaderThread(self._uploader, settings, at_end=self._release)

    def admit(self, admission: Admission) -> None:
        """Let a request in: from here on it has a row, whatever happens.

        Raises ServiceUnavailable when it cannot be written down: what cannot be accounted for is not served.
        """
        try:
            self._write_settlements()
            self._journal.append(admission)
        except OSError as error:
            log.error("cannot write to the journal: %s", error)
            raise ServiceUnavailable("Requests cannot be accounted for now.", code="ledger_unavailable") from error

    def settle(self, settlement: Settlement) -> None:
        """Write down how an admitted request ended; the first settlement of a request counts.

        Never fails: one that the disk does not take is kept, and written before whatever comes next.
        """
        if settlement.usage is not None and settlement.usage.extras:
            settlement.usage = msgspec.structs.replace(settlement.usage, extras={})
        self._unwritten.append(settlement)
        self._settled += 1
        try:
            self._write_settlements()
        except OSError as error:
            log.error("cannot write to the journal, %d settlements wait: %s", len(self._unwritten), error)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was settled is in the store. False if that took too long. Blocks."""
        return self._thread.flush(timeout_s)

    def status(self) -> LedgerStatus:
        """Numbers for metrics."""
        return LedgerStatus(
            pending=self._settled - self._cursor.carried,
            carried=self._cursor.carried,
            recovered=self._uploader.recovered,
            failures=self._thread.failures,
            last_error=self._thread.last_error,
        )

    def close(self) -> None:
        """Carry what is left, for up to `close_s`; the rest is carried at the next start. Blocks.

        A request that is still open then will be settled as killed.
        """
        self._is_carried = self._thread.flush(self._settings.close_s)
        self._thread.stop(self._settings.store_timeout_s)

    def _release(self) -> None:
        """Close all files. The thread does it: it may be using them until it ends."""
        self._journal.close()
        self._uploader.release()
        if self._is_carried and self._cursor.is_settled:
            self._cursor.remove()
        else:
            self._cursor.release()
        self._store.close()

    def _write_settlements(self) -> None:
        while self._unwritten:
            self._journal.append(self._unwritten[0])
            self._unwritten.popleft()
