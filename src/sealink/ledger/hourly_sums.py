"""What charts show of requests, summed by the time they began: of rows, and of hours whose rows were removed, which are
kept in the table `hourly_sums`. Everything blocks."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Column, Connection, Select, Table, Text, case, cast, delete, func, insert, select
from sqlalchemy.engine import RowMapping

from sealink.ledger.requests_table import requests
from sealink.store.schema import UtcDateTime, metadata

hourly_sums = Table(
    "hourly_sums",
    metadata,
    Column("hour", UtcDateTime, primary_key=True),
    Column("sums", Text, nullable=False),  # Sums, as JSON
)

KEEP_HOURS: Final = timedelta(days=32)
"""How long they are kept: charts show thirty days."""
ENDINGS: Final = ("done", "client left", "refused", "failed")
_ENDING: Final = {
    "done": "done",
    "drained": "done",
    "detached": "done",
    "client_gone": "client left",
    "cancelled": "client left",
    "refused": "refused",
}
"""Every other ending is a failure."""
_BINS: Final = 100
"""Steps of a logarithm: times in one bin differ by 1 %."""

Unit = Literal["minute", "hour", "day"]
_TEXTS: Final[dict[Unit, tuple[int, str]]] = {
    "minute": (16, "YYYY-MM-DD HH24:MI"),
    "hour": (13, "YYYY-MM-DD HH24"),
    "day": (10, "YYYY-MM-DD"),
}
"""How much of a time, written as text, is the unit: in characters, and for PostgreSQL."""


class Sums(msgspec.Struct):
    """Sums over requests; money in nano-dollars. `endings` are counted by ENDINGS, the cost is by model, `unpriced`
    requests have none that is known. `ttfts` counts the times of streams to their first token, in bins, from which
    those of several hours together are told within 1 %."""

    endings: dict[str, int] = {}
    input_tokens: int = 0
    output_tokens: int = 0
    cost: dict[str, int] = {}
    unpriced: int = 0
    ttfts: dict[int, int] = {}

    @property
    def requests(self) -> int:
        return sum(self.endings.values())

    def add(self, other: "Sums") -> None:
        """Add the other sums to these."""
        _add(self.endings, other.endings)
        _add(self.cost, other.cost)
        _add(self.ttfts, other.ttfts)
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.unpriced += other.unpriced

    def ttft(self, share: float) -> float | None:
        """The time to the first token, in milliseconds, that this share of the streams did not exceed; within 1 %."""
        wanted = math.ceil(sum(self.ttfts.values()) * share)
        for number in sorted(self.ttfts):
            wanted -= self.ttfts[number]
            if wanted <= 0:
                return math.exp(number / _BINS)
        return None


def _add(counts: dict[Any, int], more: Mapping[Any, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def sums_of_rows(connection: Connection, unit: Unit, since: datetime, until: datetime) -> dict[datetime, Sums]:
    """The sums of each unit from `since` on and before `until`, those without requests left out. It reads a range of
    the index by time."""
    at = unit_of(connection, unit)
    in_time = requests.c.started_at >= since, requests.c.started_at < until
    found: dict[datetime, Sums] = {}
    for row in connection.execute(_query(at).where(*in_time)).mappings():
        _add_row(found.setdefault(moment_of(row["at"]), Sums()), row)
    streamed = requests.c.streamed, requests.c.ttft_ms.is_not(None)
    times = select(at, _joined(connection, requests.c.ttft_ms)).where(*in_time, *streamed).group_by(at)
    for name, text in connection.execute(times):  # as one text: 100,000 rows would hold up the interpreter for longer
        bins = found.setdefault(moment_of(name), Sums()).ttfts
        for ms in msgspec.json.decode(f"[{text}]", type=list[float]):
            number = round(math.log(max(ms, 0.001)) * _BINS)
            bins[number] = bins.get(number, 0) + 1
    return found


def unit_of(connection: Connection, unit: Unit) -> Any:
    """The hour, say, in which a row began, as text. SQLite keeps times as text in UTC: a part of it is the fastest."""
    length, form = _TEXTS[unit]
    is_sqlite = connection.dialect.name == "sqlite"
    return func.substr(requests.c.started_at, 1, length) if is_sqlite else func.to_char(requests.c.started_at, form)


def moment_of(text: str) -> datetime:
    """When such a unit begins."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sums_of_removed(connection: Connection, since: datetime, until: datetime) -> Iterator[tuple[datetime, Sums]]:
    """The sums of hours whose rows were removed."""
    in_time = hourly_sums.c.hour >= since, hourly_sums.c.hour < until
    for hour, text in connection.execute(select(hourly_sums).where(*in_time)):
        yield hour, msgspec.json.decode(text, type=Sums)


def keep_sums(connection: Connection, since: datetime, until: datetime) -> None:
    """Add the rows of these hours, which are about to be removed, to the sums of their hours."""
    kept = dict(sums_of_removed(connection, since, until))
    for hour, sums in sums_of_rows(connection, "hour", since, until).items():
        kept.setdefault(hour, Sums()).add(sums)
    connection.execute(delete(hourly_sums).where(hourly_sums.c.hour >= since, hourly_sums.c.hour < until))
    rows = [{"hour": hour, "sums": msgspec.json.encode(sums).decode()} for hour, sums in kept.items()]
    if rows:
        connection.execute(insert(hourly_sums), rows)


def forget_sums(connection: Connection, before: datetime) -> None:
    """Remove the sums of hours that no chart shows any more."""
    connection.execute(delete(hourly_sums).where(hourly_sums.c.hour < before))


def _joined(connection: Connection, column: Any) -> Any:
    """All values of a group, with commas between them."""
    is_sqlite = connection.dialect.name == "sqlite"
    return func.group_concat(column) if is_sqlite else func.string_agg(cast(column, Text), ",")


def _query(at: Any) -> Select[*tuple[Any, ...]]:
    columns = requests.c
    unpriced = case((columns.cost_nano_usd.is_(None) & (columns.ended != "refused"), 1), else_=0)
    return select(
        at.label("at"),
        columns.ended,
        columns.model,
        func.count().label("requests"),
        func.sum(unpriced).label("unpriced"),
        func.sum(columns.input_tokens).label("input_tokens"),
        func.sum(columns.output_tokens).label("output_tokens"),
        func.sum(columns.cost_nano_usd).label("cost_nano_usd"),
    ).group_by(at, columns.ended, columns.model)


def _add_row(sums: Sums, row: RowMapping) -> None:
    _add(sums.endings, {_ENDING.get(row["ended"], "failed"): row["requests"]})
    sums.input_tokens += int(row["input_tokens"] or 0)
    sums.output_tokens += int(row["output_tokens"] or 0)
    sums.unpriced += int(row["unpriced"])
    if row["cost_nano_usd"]:
        _add(sums.cost, {row["model"] or "": int(row["cost_nano_usd"])})
