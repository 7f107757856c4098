"""Where the rows are kept: a table in SQLite, or in PostgreSQL. Everything here blocks: call it from a thread."""

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import alembic.command
import alembic.config
from sqlalchemy import Connection

from sealink.ledger.row import Row
from sealink.store.engine import engine_for, insert_once, transaction

_MIGRATIONS = Path(__file__).with_name("migrations")
logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces itself at every start
_migrating = threading.Lock()
"""Alembic keeps the migration that is running in module-level variables."""


class Store:
    """The table `requests` of one database. Nothing is connected to before the first use.

    `timeout_s` is how long to wait for a connection, or for an SQLite file that another process writes.
    Raises StoreError for a URL that cannot be used; all else raises sqlalchemy.exc.SQLAlchemyError while the
    database cannot be reached or is locked.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._engine = engine_for(url, timeout_s)
        self._insert_once = insert_once(self._engine)

    def migrate(self) -> None:
        """Bring the table to its newest shape. Safe when several processes do so at once."""
        with _migrating, transaction(self._engine, "migrating").begin() as connection:
            config = alembic.config.Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            alembic.command.upgrade(config, "head")

    def insert(self, rows: Sequence[Row]) -> None:
        """Add the rows whose requests have none yet: all of them or none."""
        if rows:
            with self._engine.begin() as connection:
                connection.execute(self._insert_once, rows)

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction whose queries all see the same rows."""
        return transaction(self._engine, "reading").begin()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
