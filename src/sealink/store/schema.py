"""What tables are declared with: the metadata that they all stand on, and column types that both databases take."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator

metadata = MetaData()
"""Every table of the store, declared by the package that owns it. The newest migration must leave exactly these."""


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: timestamptz in PostgreSQL, text in UTC in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.replace(tzinfo=value.tzinfo or UTC)
