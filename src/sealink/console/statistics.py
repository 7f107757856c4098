"""What the charts and sums of the overview show: the rows of the ledger's table in a range of time.

Each query reads a range of the index by time, and brings back groups, never rows. Everything blocks.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Integer, Select, Text, case, cast, func, literal, select

from sealink.ledger.requests_table import requests

RangeName = Literal["1h", "24h", "7d", "30d"]


class Range(msgspec.Struct, frozen=True):
    """A range of time in steps of a minute, of some hours, or of a day."""

    title: str
    steps: int
    step: timedelta

    def begin(self, now: datetime) -> datetime:
        """When the first step begins."""
        step_s = self.step.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // step_s * step_s, UTC) - (self.steps - 1) * self.step


RANGES: Final[dict[str, Range]] = {
    "1h": Range("last hour", 60, timedelta(minutes=1)),
    "24h": Range("last 24 hours", 24, timedelta(hours=1)),
    "7d": Range("last 7 days", 28, timedelta(hours=6)),
    "30d": Range("last 30 days", 30, timedelta(days=1)),
}
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
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


class Step(msgspec.Struct):
    """The sums of a step; money in nano-dollars, times in milliseconds."""

    begin: datetime
    endings: Counter[str] = msgspec.field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Counter[str] = msgspec.field(default_factory=Counter)
    ttft_p50: float | None = None
    ttft_p95: float | None = None

    @property
    def requests(self) -> int:
        return self.endings.total()


class Overview(msgspec.Struct):
    """A range's steps, its sums, and its times to the first token. `unpriced` requests have no known cost."""

    steps: list[Step]
    ttft_p50: float | None = None
    ttft_p95: float | None = None
    unpriced: int = 0

    @property
    def endings(self) -> Counter[str]:
        return _sum(step.endings for step in self.steps)

    @property
    def cost(self) -> Counter[str]:
        """By model, the dearest first."""
        return _sum(step.cost for step in self.steps)

    @property
    def requests(self) -> int:
        return self.endings.total()

    @property
    def tokens(self) -> tuple[int, int]:
        return sum(step.input_tokens for step in self.steps), sum(step.output_tokens for step in self.steps)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counters:
        total.update(each)
    return total


def overview(connection: Connection, chosen: Range, now: datetime) -> Overview:
    """All that the overview shows of a range."""
    begin = chosen.begin(now)
    steps = {begin + number * chosen.step: Step(begin + number * chosen.step) for number in range(chosen.steps)}
    found = Overview(list(steps.values()))
    for row in connection.execute(_sums(connection, chosen, begin)).mappings():
        step = steps.get(_begin_of(row["at"], chosen))
        if step is not None:  # one that began after `now`
            _add(found, step, row)
    for at, quantile in _quantiles(connection, chosen, begin).items():
        if at is not None and (step := steps.get(at)) is not None:
            step.ttft_p50, step.ttft_p95 = quantile
    found.ttft_p50, found.ttft_p95 = _quantiles(connection, None, begin).get(None, (None, None))
    return found


def cost_since(connection: Connection, since: datetime) -> int:
    """What all requests cost that began since then, in nano-dollars."""
    query = select(func.coalesce(func.sum(requests.c.cost_nano_usd), 0)).where(requests.c.started_at >= since)
    return int(connection.execute(query).scalar_one())


def _sums(connection: Connection, chosen: Range, begin: datetime) -> Select[*tuple[Any, ...]]:
    at = _step_of(connection, chosen)
    columns = requests.c
    unpriced = case((columns.cost_nano_usd.is_(None) & (columns.ended != "refused"), 1), else_=0)
    return (
        select(
            at.label("at"),
            columns.ended,
            columns.model,
            func.count().label("requests"),
            func.sum(unpriced).label("unpriced"),
            func.sum(columns.input_tokens).label("input_tokens"),
            func.sum(columns.output_tokens).label("output_tokens"),
            func.sum(columns.cost_nano_usd).label("cost_nano_usd"),
        )
        .where(columns.started_at >= begin)
        .group_by(at, columns.ended, columns.model)
    )


def _add(found: Overview, step: Step, row: Any) -> None:
    step.endings[_ENDING.get(row["ended"], "failed")] += row["requests"]
    step.input_tokens += int(row["input_tokens"] or 0)
    step.output_tokens += int(row["output_tokens"] or 0)
    if row["cost_nano_usd"]:
        step.cost[row["model"] or ""] += int(row["cost_nano_usd"])
    found.unpriced += int(row["unpriced"])


def _quantiles(
    connection: Connection, chosen: Range | None, begin: datetime
) -> dict[datetime | None, tuple[float | None, float | None]]:
    """The median and the 95th percentile (nearest rank) of the times to the first token: of each step, or of all."""
    columns = requests.c
    at = literal("") if chosen is None else _step_of(connection, chosen)
    ranked = (
        select(
            at.label("at"),
            columns.ttft_ms,
            func.row_number().over(order_by=columns.ttft_ms, partition_by=at).label("rank"),
            func.count().over(partition_by=at).label("of"),
        )
        .where(columns.started_at >= begin, columns.ttft_ms.is_not(None), columns.streamed)
        .subquery()
    )
    rank, of = ranked.c.rank, ranked.c.of
    wanted = (rank == (of * 50 + 99) // 100) | (rank == (of * 95 + 99) // 100)
    found: dict[datetime | None, tuple[float | None, float | None]] = {}
    for row in connection.execute(select(ranked).where(wanted).order_by(rank)):
        place = None if chosen is None else _begin_of(row.at, chosen)
        low, _ = found.get(place, (None, None))
        found[place] = (row.ttft_ms if low is None else low, row.ttft_ms)
    return found


def _step_of(connection: Connection, chosen: Range) -> Any:
    """The step that a row is in, as text: `2026-11-28`, `2026-11-28 3` for the fourth part of a day, or to the minute.

    SQLite keeps times as text in UTC, so that a part of it will do, which is the fastest.
    """
    at, step_s = requests.c.started_at, round(chosen.step.total_seconds())
    is_sqlite = connection.dialect.name == "sqlite"
    if step_s == _MINUTE_S:
        return func.substr(at, 1, 16) if is_sqlite else func.to_char(at, "YYYY-MM-DD HH24:MI")
    day = func.substr(at, 1, 10) if is_sqlite else func.to_char(at, "YYYY-MM-DD")
    if step_s == _DAY_S:
        return day
    hour = cast(func.substr(at, 12, 2) if is_sqlite else func.to_char(at, "HH24"), Integer)
    return day + " " + cast(hour // (step_s // _HOUR_S), Text)


def _begin_of(text: str, chosen: Range) -> datetime:
    """The beginning of a step."""
    if chosen.step.total_seconds() == _MINUTE_S:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    day, _, number = text.partition(" ")
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + int(number or 0) * chosen.step
