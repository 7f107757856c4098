"""The keys of a running SeaLink: those of its config, and those of its store as they change."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sealink.access.configured import Configured
from sealink.access.credential import Changes
from sealink.access.key_watch import KeyWatch
from sealink.access.keyring import Keyring
from sealink.config import Config, configured_by
from sealink.store.errors import StoreError, StoreTooNew, StoreUnavailable

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore

log = logging.getLogger("sealink.access")

_STOP_S: Final = 1.0


class Access:
    """`on_changed` is called, in the event loop, with each change of keys, teams or balances in the store."""

    def __init__(self, config: Config, on_changed: Callable[[Changes], None]) -> None:
        self._config = config
        self._on_changed = on_changed
        self.configured = configured_by(config)
        self.keyring = Keyring(self.configured)
        self._store: AccessStore | None = None
        self._opening = threading.Lock()
        self._watch = KeyWatch(
            self.keyring,
            self.store,
            store_url=config.store.url,
            poll_s=config.access.poll_s,
            on_changed=self._changed,
        )

    def store(self) -> "AccessStore":
        """The store of keys. Importing it takes 0.1 s: only threads ask for it."""
        from sealink.access.tables.access_store import AccessStore

        with self._opening:
            if self._store is None:
                url, secret = self._config.store.url, self._config.access.secret
                self._store = AccessStore(url, self.configured, secret=secret)
            return self._store

    async def prepare(self, config: Config) -> None:
        """Open the balances that a newer config's keys have, before it is put in force."""
        configured = configured_by(config)
        if _have_balances(configured):
            await asyncio.to_thread(self._open_balances, configured)
            await asyncio.to_thread(self._watch.look)

    def configure(self, config: Config) -> None:
        """Put the keys and teams of a newer config in force."""
        self.configured = configured_by(config)
        self.keyring.configure(self.configured)
        if self._store is not None:
            self._store.configured = self.configured

    async def start(self) -> None:
        """Learn the keys, so that the first request of each finds it in force. Raises StoreTooNew."""
        self._loop = asyncio.get_running_loop()
        if self._watch.has_store or _have_balances(self.configured):
            self.keyring.is_complete = False
            await asyncio.to_thread(self._open_balances, self.configured)
            await asyncio.to_thread(self._watch.look)
        self._watch.start()

    def changed(self) -> None:
        """This process has changed something: look now."""
        self._watch.wake()

    async def stop(self) -> None:
        await asyncio.to_thread(self._watch.stop, _STOP_S)
        if self._store is not None:
            self._store.close()

    def _open_balances(self, configured: Configured) -> None:
        """Raises StoreTooNew. While the store is away, requests under a balance that is not known are refused."""
        from sealink.access.tables.openings import open_balances

        try:
            open_balances(self.store(), configured)
        except StoreTooNew:
            raise
        except (StoreError, StoreUnavailable) as error:
            log.warning("the balances of the config's keys cannot be opened: %s", error)

    def _changed(self, changes: Changes) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_changed, changes)


def _have_balances(configured: Configured) -> bool:
    return any(each.key.balance_usd is not None for each in configured.key_list)
