"""The thread that uploads, again and again, so that nothing else ever waits for the store."""

import logging
import threading

from sealink.ledger.settings import LedgerSettings
from sealink.ledger.uploader import Uploader
from sealink.store.errors import StoreUnavailable

log = logging.getLogger("sealink.ledger")


class UploaderThread:
    """Runs an Uploader from `start` to `stop`; waits longer and longer while the store fails.

    `failures` counts the uploads that failed; `last_error` is None while all is well. The thread closes the uploader
    when it ends, since nobody else may touch the files while an upload is stuck.
    """

    def __init__(self, uploader: Uploader, settings: LedgerSettings) -> None:
        self.failures = 0
        self.last_error: str | None = None
        self._uploader = uploader
        self._settings = settings
        self._asked = 0
        self._answered = 0
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sealink-ledger", daemon=True)

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was appended before this call is in the store. False if that took too long."""
        with self._changed:
            self._asked += 1
            ticket = self._asked
            self._wake.set()
            return self._changed.wait_for(lambda: self._answered >= ticket, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """End the thread, and close the uploader. False if the store holds it up: it ends when that lets go."""
        self._stopping = True
        self._wake.set()
        if self._thread.ident is None:
            self._close()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._upload_until_stopped()
        self._close()

    def _close(self) -> None:
        try:
            self._uploader.close()
        except Exception as error:  # noqa: BLE001 - the next start goes on from whatever is left
            self._log("the journal is left to the next start", error)

    def _upload_until_stopped(self) -> None:
        retry_s = self._settings.retry_min_s
        while not self._stopping:
            asked = self._asked
            try:
                has_more = self._uploader.upload()
            except Exception as error:  # noqa: BLE001 - whatever it is: without this thread no row is stored any more
                self._failed(error)
                self._wait(retry_s)
                retry_s = min(retry_s * 2, self._settings.retry_max_s)
                continue
            self._succeeded()
            retry_s = self._settings.retry_min_s
            if not has_more:
                self._answer(asked)
                self._wait(self._settings.upload_every_s)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _succeeded(self) -> None:
        if self.last_error is not None:
            log.warning("the store can be written again")
            self.last_error = None

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if self.last_error is None:
            self._log("the store cannot be written, rows wait in the journal", error)
        self.last_error = str(error) or type(error).__name__

    def _log(self, what: str, error: Exception) -> None:
        """With a traceback if it is nothing that an operator could mend."""
        traceback = None if isinstance(error, StoreUnavailable | OSError) else error
        log.warning("%s: %s", what, error, exc_info=traceback)

    def _answer(self, asked: int) -> None:
        with self._changed:
            self._answered = asked
            self._changed.notify_all()
