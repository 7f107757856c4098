"""The table `requests`: a row for each request that has ended. The uploader writes it, reports read it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    Table,
    Text,
    func,
    select,
)

from sealink.ledger.row import Row
from sealink.store.schema import UtcDateTime, metadata
from sealink.store.store import Store

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("started_at", UtcDateTime),
    Column("key", Text),
    Column("team", Text),
    Column("model", Text),
    Column("task_type", Text),
    Column("client", Text),
    Column("streamed", Boolean),
    Column("structured", Boolean),
    Column("status", Integer),
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
    Column("price_nano_usd", BigInteger),
    Column("hedge_cost_nano_usd", BigInteger),
    Column("ttft_ms", Double),
    Column("duration_ms", Double),
    Column("chunks", BigInteger, nullable=False),
    Column("longest_gap_ms", Double),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("timeline", JSON, nullable=False),
    Index("requests_by_time", "started_at"),
    Index("requests_by_key", "key", "started_at"),
    Index("requests_by_team", "team", "started_at"),
    Index("requests_by_model", "model", "started_at"),
)

Also = Callable[[Sequence[Row]], Sequence[tuple[Table, Sequence[Row]]]]


class RequestsTable:
    """The table in one store. Its methods block, and raise as those of Store do. `also` says which rows of other tables
    are stored together with those that are inserted."""

    def __init__(self, store_url: str, *, timeout_s: float, also: Also | None = None) -> None:
        self._store = Store(store_url, timeout_s=timeout_s)
        self._also = also

    def version(self) -> str | None:
        """The version of the store's tables, None if there are none. Raises StoreTooNew."""
        return self._store.version()

    def migrate(self) -> None:
        """Bring the store to its newest shape, from whichever it has."""
        self._store.migrate()

    def insert(self, rows: Sequence[Row]) -> None:
        """Add the rows whose requests have none yet: all of them or none."""
        self._store.insert_once(requests, rows, *(self._also(rows) if self._also is not None else ()))

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction whose queries all see the same rows."""
        return self._store.reading()

    def roll_up(self, keep_days: int) -> int:
        """Replace the rows of all but the last days by sums of their days. Returns how many rows that were."""
        from sealink.ledger.daily_usage import roll_up

        return roll_up(self._store, keep_days, datetime.now(UTC).date())

    def used(self, since_s: float, *, key: str | None = None, team: str | None = None) -> dict[str, tuple[int, int]]:
        """By model: how many requests of a key, a team or all began since then (Unix time in seconds), and how many
        tokens they took. What was refused before a target was asked is not among them."""
        tokens = func.coalesce(func.sum(requests.c.input_tokens + requests.c.output_tokens), 0)
        query = select(requests.c.model, func.count(), tokens).group_by(requests.c.model)
        query = query.where(
            requests.c.started_at >= datetime.fromtimestamp(since_s, UTC), requests.c.ended != "refused"
        )
        if key is not None:
            query = query.where(requests.c.key == key)
        if team is not None:
            query = query.where(requests.c.team == team)
        with self.reading() as connection:
            return {model or "": (int(count), int(used)) for model, count, used in connection.execute(query)}

    def close(self) -> None:
        """Give the connections back."""
        self._store.close()
