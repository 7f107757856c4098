"""The ledger as the gateway uses it: admit and settle, neither of which waits for the store."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from sealink.errors import ServiceUnavailable
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.row import RowTable
from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import OnRecovered, Uploader
from sealink.ledger.uploader_thread import UploaderThread
from sealink.store.url import check_url

log = logging.getLogger("sealink.ledger")


class LedgerStatus(msgspec.Struct, frozen=True):
    """How far the ledger has got, for metrics. All but `pending` and `last_error` only grow.

    `pending` requests of this process are settled and not yet in the store, `uploaded` are; `recovered` ones were
    left by processes that died. `failures` counts failed uploads; `last_error` is None while all is well.
    """

    pending: int
    uploaded: int
    recovered: int
    failures: int
    last_error: str | None


OpenTable = Callable[[str, float], RowTable]
"""Opens the table of a store, with the seconds that it may take to answer. It is called in the uploader's thread."""


class Ledger:
    """One process's ledger: a journal of its own under `journal_root`, uploaded to the store at `store_url`.

    To be used from one thread. Raises StoreError for a URL that cannot be used, OSError for a root that cannot be
    written; a store that is down is no error. Until `start`, entries are only written to the journal. `open_table`
    opens the table that rows are stored in, where something is to be stored with them.
    """

    def __init__(
        self,
        store_url: str,
        journal_root: Path,
        settings: LedgerSettings | None = None,
        open_table: OpenTable | None = None,
    ) -> None:
        check_url(store_url)
        self._settings = settings = settings or LedgerSettings()
        folder = OwnedFolder.new(journal_root)
        self._journal = Journal(folder, segment_bytes=settings.segment_bytes, fsync=settings.fsync)
        opened = partial(open_table or _open_table, store_url, settings.store_timeout_s)
        self._uploader = Uploader(JournalCursor(folder), journal_root, opened, settings)
        self._thread = UploaderThread(self._uploader, settings)
        self.journal_name = folder.path.name
        self._unwritten: deque[Settlement] = deque()
        self._settled = 0
        self._is_failing = False

    def when_recovered(self, call: OnRecovered) -> None:
        """Call this with each journal of a dead process that is recovered. To be set before `start`."""
        self._uploader.on_recovered = call

    def start(self) -> None:
        """Begin to upload, in a thread. What dead processes have left is uploaded too."""
        self._thread.start()

    def admit(self, admission: Admission) -> None:
        """Write down that a request begins: from here on it will have a row, whatever happens.

        Raises ServiceUnavailable when it cannot be written down: a request that cannot be accounted for is not served.
        """
        try:
            if self._unwritten:
                self._write_settlements()
            self._journal.append(admission)
        except OSError as error:
            self._is_failing = True
            log.error("cannot write to the journal: %s", error)
            raise ServiceUnavailable("Requests cannot be accounted for now.", code="ledger_unavailable") from error

    def settle(self, settlement: Settlement) -> None:
        """Write down how an admitted request ended; the first settlement of a request counts.

        Never fails: a settlement that cannot be written is kept in memory, and written before the next entry.
        """
        if settlement.usage is not None and settlement.usage.extras:
            settlement.usage = msgspec.structs.replace(settlement.usage, extras={})
        self._unwritten.append(settlement)
        self._settled += 1
        try:
            self._write_settlements()
        except OSError as error:
            self._is_failing = True
            log.error("cannot write to the journal, %d settlements wait: %s", len(self._unwritten), error)

    def can_write(self) -> bool:
        """Whether the journal takes entries: it took the last one, or takes a trial now."""
        if self._is_failing:
            try:
                self._write_settlements()
                self._journal.try_out()
            except OSError:
                return False
            self._is_failing = False
        return True

    def finish_segment(self) -> None:
        """Let what is stored be removed from the journal. To be called now and then: a segment that is written so
        seldom that it is never full would keep entries whose rows are rolled up."""
        try:
            self._journal.finish_segment()
        except OSError as error:
            log.error("the journal cannot go on in another file: %s", error)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was settled is in the store. False if that took too long. Blocks."""
        return self._thread.flush(timeout_s)

    def status(self) -> LedgerStatus:
        """Numbers for metrics."""
        return LedgerStatus(
            pending=self._settled - self._uploader.own.uploaded,
            uploaded=self._uploader.own.uploaded,
            recovered=self._uploader.recovered,
            failures=self._thread.failures,
            last_error=self._thread.last_error,
        )

    def close(self) -> None:
        """Upload what is left, for up to `close_s`; the rest is uploaded at the next start. Blocks.

        A request that is still open will be settled as killed then.
        """
        self._thread.flush(self._settings.close_s)
        self._journal.close()
        self._thread.stop(self._settings.store_timeout_s)

    def _write_settlements(self) -> None:
        while self._unwritten:
            self._write_settlement(self._unwritten[0])
            self._unwritten.popleft()

    def _write_settlement(self, settlement: Settlement) -> None:
        try:
            self._journal.append(settlement)
        except OSError:
            raise
        except Exception:  # one entry that cannot be encoded must not hold up all that come after it
            log.exception("%s: the usage cannot be written to the journal", settlement.request_id)
            bare = Settlement(request_id=settlement.request_id, ended=settlement.ended, ended_by=settlement.ended_by)
            self._journal.append(bare)


def _open_table(store_url: str, timeout_s: float) -> RowTable:
    """Called in the uploader's thread: neither start-up nor a request waits for SQLAlchemy (0.1 s)."""
    from sealink.ledger.requests_table import RequestsTable

    return RequestsTable(store_url, timeout_s=timeout_s)
