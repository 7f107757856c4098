"""One database: transactions, inserts, migrations. Everything here blocks: call it from a thread."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from sealink import __version__
from sealink.store.bulk_insert import BulkInsert
from sealink.store.engine import Purpose, engine_for, transaction
from sealink.store.errors import StoreTooNew, StoreUnavailable, ValueRefused

_MIGRATIONS = Path(__file__).with_name("migrations")
_VERSIONS = frozenset(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("*.py"))
NEWEST = max(_VERSIONS)
"""The revision that the newest migration leaves, as Alembic keeps it in the table `alembic_version`."""

_migrating = threading.Lock()
"""Alembic keeps the migration that is running in module-level variables."""


class Store:
    """One database. Nothing is connected to before the first use.

    `timeout_s` is how long to wait for a connection, or for an SQLite file that another process writes. Raises
    StoreError for a URL that cannot be used; every other method raises StoreUnavailable while the database is down,
    locked, or refuses what it is given.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._engine = engine_for(url, timeout_s)
        self._inserts: dict[tuple[str, ...], BulkInsert] = {}

    def migrate(self) -> None:
        """Bring the tables to their newest shape. Safe when several processes do so at once.

        Raises StoreTooNew for a store that a newer SeaLink has migrated.
        """
        if self.version() != NEWEST:
            with _migrating, self._begin("migrating") as connection:
                _upgrade(connection)

    def version(self) -> str | None:
        """The version of the tables, None if there are none. Raises StoreTooNew."""
        with self._begin("reading") as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version is not None and version not in _VERSIONS:
            raise StoreTooNew(
                f"the store is of version {version}, but this SeaLink ({__version__}) knows versions up to {NEWEST}:"
                " use the SeaLink that wrote it, or a newer one"
            )
        return version

    def insert_once(
        self, table: Table, rows: Sequence[dict[str, Any]], *others: tuple[Table, Sequence[dict[str, Any]]]
    ) -> None:
        """Add the rows whose primary key is not in the table yet, and those of other tables: all of them or none. All
        of a table have the same columns."""
        if rows:
            with self._begin("writing") as connection:
                for each, its_rows in ((table, rows), *others):
                    self.insert_within(connection, each, its_rows)

    def insert_within(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Add the rows whose primary key is not in the table yet, in a transaction that is open."""
        if rows:
            self._insert(table, rows[0]).execute(connection, rows)

    def _insert(self, table: Table, row: dict[str, Any]) -> BulkInsert:
        """The statement for such rows, made once."""
        place = (table.name, *row)
        if place not in self._inserts:
            self._inserts[place] = BulkInsert(self._engine, table, list(row))
        return self._inserts[place]

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes all or nothing."""
        with self._begin("writing") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction whose queries all see the same rows."""
        with self._begin("reading") as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction that writes all or nothing, and sees what was there as it began. Of these, one runs at a
        time, on all nodes."""
        with self._begin("alone") as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, purpose: Purpose) -> Iterator[Connection]:
        try:
            with transaction(self._engine, purpose).begin() as connection:
                yield connection
        except (DataError, OverflowError) as error:  # PostgreSQL's driver, and SQLite's
            raise ValueRefused(str(error.orig if isinstance(error, DataError) else error)) from error
        except SQLAlchemyError as error:
            raise StoreUnavailable(str(error.orig if isinstance(error, DBAPIError) else error)) from error


def _upgrade(connection: Connection) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces itself as soon as it is imported
    import alembic.command  # 80 ms and 11 MiB that a database of the newest revision does not need
    import alembic.config

    config = alembic.config.Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    alembic.command.upgrade(config, "head")
