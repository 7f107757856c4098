"""Many rows into a table at once, straight through the database's driver.

SQLAlchemy's own execution takes longer for each row than SQLite itself: it is left with writing the statement, once.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Table

from sealink.store.engine import insert_once

Row = dict[str, Any]


class BulkInsert:
    """An INSERT of rows with these columns, which leaves out those whose primary key is in the table already."""

    def __init__(self, engine: Engine, table: Table, columns: Sequence[str]) -> None:
        dialect = engine.dialect
        compiled = insert_once(engine, table).compile(dialect=dialect, column_keys=list(columns))
        self._statement = str(compiled)
        self._in_order: Callable[[Row], Any] = itemgetter(*compiled.positiontup) if compiled.positiontup else dict
        """The driver takes values in order (SQLite), or by name (PostgreSQL)."""
        self._processors: dict[str, Callable[[Any], Any]] = {}
        for name in columns:
            process = table.columns[name].type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                self._processors[name] = process

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert them, in one call of the driver."""
        connection.exec_driver_sql(self._statement, [self._in_order(self._processed(row)) for row in rows])

    def _processed(self, row: Row) -> Row:
        """The row with its values as the driver takes them: JSON as text, times as text in SQLite."""
        return {**row, **{name: process(row[name]) for name, process in self._processors.items()}}
