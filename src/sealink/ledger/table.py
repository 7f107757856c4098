"""The table of requests, as the newest migration leaves it."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: timestamptz in PostgreSQL, text in UTC in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.replace(tzinfo=value.tzinfo or UTC)


metadata = MetaData()

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("started_at", UtcDateTime),
    Column("key", Text),
    Column("model", Text),
    Column("task_type", Text),
    Column("client", Text),
    Column("streamed", Boolean),
    Column("ended", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("code", Text),
    Column("provider", Text),
    Column("served_model", Text),
    Column("attempts", JSON, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_read_tokens", BigInteger),
    Column("cached_write_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("usage_source", Text),
    Column("cost_nano_usd", BigInteger),
    Column("hedge_cost_nano_usd", BigInteger),
    Column("ttft_ms", Double),
    Column("duration_ms", Double),
    Column("chunks", BigInteger, nullable=False),
    Column("longest_gap_ms", Double),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("timeline", JSON, nullable=False),
    Index("requests_by_time", "started_at"),
    Index("requests_by_key", "key", "started_at"),
    Index("requests_by_model", "model", "started_at"),
)
