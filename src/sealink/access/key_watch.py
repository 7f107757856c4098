"""Learns of changes to keys and teams: a thread that asks the store for the number of changes, again and again."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sealink.access.credential import Changes
from sealink.access.keyring import Keyring
from sealink.store.errors import StoreError, StoreTooNew, StoreUnavailable
from sealink.store.url import sqlite_file

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore

log = logging.getLogger("sealink.access")

_NO_CHANGE: Final = -1


class KeyWatch:
    """Keeps a keyring up to date with the store. No request waits for it.

    `store` opens the store when it is first called. `poll_s` is how often it is looked at; `on_changed` is called, in
    its thread, with all changes. While the store is away, the keys that are known stay in force.
    """

    def __init__(
        self,
        keyring: Keyring,
        store: "Callable[[], AccessStore]",
        *,
        store_url: str,
        poll_s: float,
        on_changed: Callable[[Changes], None],
    ) -> None:
        self._keyring = keyring
        self._store = store
        self._file = sqlite_file(store_url)
        self._poll_s = poll_s
        self._on_changed = on_changed
        self._seen = _NO_CHANGE
        self._is_away = False
        self._looking = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sealink-access", daemon=True)

    @property
    def has_store(self) -> bool:
        """Whether there can be keys in the store: nobody has made its file yet otherwise."""
        return self._file is None or self._file.exists()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was changed by this process."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Look no more."""
        self._stopping = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def look(self) -> None:
        """Learn what has changed. Raises StoreTooNew; while the store is away, nothing is learned."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        try:
            changes = self._changes()
        except StoreTooNew:
            raise
        except (StoreError, StoreUnavailable) as error:
            self._report_away(str(error))
            return
        self._report_back()
        if changes is None:
            self._keyring.is_complete = True
            return
        self._seen = changes.number
        self._keyring.learn(changes)
        for name in sorted(self._keyring.hidden_by_config(changes)):
            log.warning("the key %r of the store is not in force: the config has one of that name", name)
        self._on_changed(changes)

    def _changes(self) -> Changes | None:
        return self._store().changed_since(self._seen) if self.has_store else None

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.look()
            except StoreTooNew as error:
                self._report_away(str(error))
            self._wake.wait(self._poll_s)
            self._wake.clear()

    def _report_away(self, reason: str) -> None:
        if not self._is_away:
            log.warning("the store cannot be read, keys stay as they are known: %s", reason)
            self._is_away = True

    def _report_back(self) -> None:
        if self._is_away:
            log.warning("the store can be read again; keys are up to date")
            self._is_away = False
