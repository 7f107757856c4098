"""How SQLite and PostgreSQL differ: how to connect, how transactions begin, how to insert a row once."""

import sqlite3
import time
from typing import Any, Literal

import msgspec
from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from sealink.store.errors import StoreError
from sealink.store.url import check_url

Purpose = Literal["writing", "reading", "migrating", "alone"]
"""What a transaction is for. All queries of a `reading` one see the same rows; only one at a time is `migrating`, or
`alone`."""

_BEGIN: dict[str, dict[Purpose, tuple[str, ...]]] = {
    "sqlite": {
        "writing": ("BEGIN",),
        "reading": ("BEGIN",),
        "migrating": ("BEGIN IMMEDIATE",),
        "alone": ("BEGIN IMMEDIATE",),
    },
    "postgresql": {
        "writing": (),
        "reading": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL TIME ZONE 'UTC'"),
        # Any number will do that no other program locks in the same database.
        "migrating": ("SELECT pg_advisory_xact_lock(7325462)",),
        "alone": (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "SET LOCAL TIME ZONE 'UTC'",
            "SELECT pg_advisory_xact_lock(7325463)",
        ),
    },
}


def engine_for(url: str, timeout_s: float) -> Engine:
    """An engine that has not connected yet. Raises StoreError if it never will."""
    check_url(url)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("not a URL that SQLAlchemy can read") from None  # its message repeats the password
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, timeout_s)
    return _postgresql(parsed.set(drivername="postgresql+psycopg"), timeout_s)


def transaction(engine: Engine, purpose: Purpose) -> Engine:
    """The engine, with its transactions beginning as their purpose needs."""
    return engine.execution_options(sealink_purpose=purpose)


def insert_once(engine: Engine, table: Table) -> Insert:
    """An INSERT that leaves out rows whose primary key is in the table already."""
    if engine.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # each is imported where it is used: this one takes 30 ms

    return postgresql.insert(table).on_conflict_do_nothing()


def _sqlite(url: URL, timeout_s: float) -> Engine:
    engine = _create(url, {"timeout": timeout_s})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        _write_ahead(connection, timeout_s)
        connection.execute("PRAGMA synchronous = FULL")  # a journal file is deleted once its rows are committed

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
    # libpq's least connect_timeout is 2 s; it gives up on a silent peer after tcp_user_timeout.
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
