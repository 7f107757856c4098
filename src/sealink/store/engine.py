"""What differs between the databases that a store can be in: how to connect, to begin, and to insert once."""

import sqlite3
import time
from typing import Any, Literal

import msgspec
from sqlalchemy import URL, Connection, Engine, Insert, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sealink.ledger.table import requests

Purpose = Literal["writing", "reading", "migrating"]
"""Of a transaction. Its queries all see the same rows when `reading`; only one at a time is `migrating`."""

_BEGIN: dict[str, dict[Purpose, tuple[str, ...]]] = {
    "sqlite": {
        "writing": ("BEGIN",),
        "reading": ("BEGIN",),
        "migrating": ("BEGIN IMMEDIATE",),
    },
    "postgresql": {
        "writing": (),
        "reading": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL TIME ZONE 'UTC'"),
        # The number is SeaLink's own: it only has to differ from those that others take in the same database.
        "migrating": ("SELECT pg_advisory_xact_lock(7325462)",),
    },
}


class StoreError(Exception):
    """The store's URL cannot be used; the message says why, without the password."""


def engine_for(url: str, timeout_s: float) -> Engine:
    """An engine that has not connected yet. Raises StoreError if it never will."""
    try:
        parsed = make_url(url)
        match parsed.drivername:
            case "sqlite":
                return _sqlite(parsed, timeout_s)
            case "postgresql" | "postgresql+psycopg":
                return _postgresql(parsed.set(drivername="postgresql+psycopg"), timeout_s)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"not a store's URL: {error}") from error
    except ModuleNotFoundError as error:
        raise StoreError(f"{error.name} is not installed: pip install 'sealink[postgres]'") from error
    raise StoreError(f"a store is sqlite:///… or postgresql://…, not {parsed.drivername}://")


def transaction(engine: Engine, purpose: Purpose) -> Engine:
    """The engine, for transactions of one purpose."""
    return engine.execution_options(sealink_purpose=purpose)


def insert_once(engine: Engine) -> Insert:
    """Adds a row unless its request has one."""
    if engine.dialect.name == "sqlite":
        return sqlite.insert(requests).on_conflict_do_nothing()
    return postgresql.insert(requests).on_conflict_do_nothing()


def _sqlite(url: URL, timeout_s: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise StoreError("a store in SQLite is a file: sqlite:///sealink.db")
    engine = _create(url, {"timeout": timeout_s})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        _write_ahead(connection, timeout_s)
        connection.execute("PRAGMA synchronous = FULL")  # a journal is removed once its rows are committed: be sure

    return engine


def _write_ahead(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch to WAL, in which readers do not wait for the writer.

    SQLite's own timeout does not cover this: of two processes that switch a file at once, one fails immediately.
    """
    gives_up_at = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > gives_up_at:
                raise
            time.sleep(0.01)


def _postgresql(url: URL, timeout_s: float) -> Engine:
    # libpq takes a connect_timeout of 2 s at the least, and gives up on a silent peer after tcp_user_timeout.
    return _create(url, {"connect_timeout": max(2, round(timeout_s)), "tcp_user_timeout": round(timeout_s * 1000)})


def _create(url: URL, connect_args: dict[str, Any]) -> Engine:
    engine = create_engine(
        url,
        connect_args=connect_args,
        hide_parameters=True,
        pool_pre_ping=True,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        purpose = connection.get_execution_options().get("sealink_purpose", "writing")
        for statement in _BEGIN[engine.dialect.name][purpose]:
            connection.exec_driver_sql(statement)

    return engine
