"""The store of keys that a config names, opened for one command."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sealink.cli.configuration import fail, load_or_exit

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore


@contextmanager
def opened(config_path: Path | None) -> "Iterator[AccessStore]":
    """The store, made if it is not there yet. What cannot be done ends the command with 1."""
    from sealink.access.tables.access_store import AccessStore
    from sealink.access.tables.openings import open_balances
    from sealink.config import configured_by
    from sealink.errors import SealinkError
    from sealink.store.errors import StoreError, StoreUnavailable

    config = load_or_exit(config_path)
    try:
        store = AccessStore(config.store.url, configured_by(config), secret=config.access.secret)
        try:
            open_balances(store, store.configured)
            yield store
        finally:
            store.close()
    except (SealinkError, StoreError) as error:
        fail(str(error))
    except StoreUnavailable as error:
        fail(f"cannot use the store: {error}")


def actor() -> str:
    """Who changes something: the user of this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, in a container
        return "cli"
