"""The thread that carries, again and again, so that nothing else ever waits for the store."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader

log = logging.getLogger("sealink.ledger")


class UploaderThread:
    """Runs an Uploader until it is stopped, then `at_end`; waits longer and longer while the store fails.

    `failures` counts the tries that failed; `last_error` is None while all is well.
    """

    def __init__(self, uploader: Uploader, settings: LedgerSettings, at_end: Callable[[], None]) -> None:
        self.failures = 0
        self.last_error: str | None = None
        self._uploader = uploader
        self._settings = settings
        self._at_end = at_end
        self._asked = 0
        self._answered = 0
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sealink-ledger", daemon=True)
        self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was appended before this call is in the store. False if that took too long."""
        with self._changed:
            self._asked += 1
            ticket = self._asked
            self._wake.set()
            return self._changed.wait_for(lambda: self._answered >= ticket, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """End the thread. False if the store did not let it go in time: it then ends with the process."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._carry_until_stopped()
        finally:
            self._at_end()

    def _carry_until_stopped(self) -> None:
        retry_s = self._settings.retry_min_s
        while not self._stopping:
            asked = self._asked
            try:
                has_more = self._uploader.carry()
            except (SQLAlchemyError, OSError) as error:
                self._failed(str(error.orig if isinstance(error, DBAPIError) else error))
                self._wait(retry_s)
                retry_s = min(retry_s * 2, self._settings.retry_max_s)
                continue
            self._succeeded()
            retry_s = self._settings.retry_min_s
            if not has_more:
                self._answer(asked)
                self._wait(self._settings.carry_every_s)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _succeeded(self) -> None:
        if self.last_error is not None:
            log.warning("the store takes rows again")
            self.last_error = None

    def _failed(self, reason: str) -> None:
        self.failures += 1
        if self.last_error is None:
            log.warning("the store takes no rows, they wait in the journal: %s", reason)
        self.last_error = reason

    def _answer(self, asked: int) -> None:
        with self._changed:
            self._answered = asked
            self._changed.notify_all()
