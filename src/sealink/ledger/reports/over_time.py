"""What the charts and sums of the overview show: the rows of the ledger's table in a range of time.

Each query reads a range of the index by time. Everything blocks.
"""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Integer, Select, Text, case, cast, func, select
from sqlalchemy.engine import RowMapping

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


_BINS: Final = 100
"""Steps of a logarithm: times in one bin differ by 1 %."""


class Step(msgspec.Struct):
    """The sums of a step; money in nano-dollars, times in milliseconds. `ttfts` are the times to the first token, in
    bins, from which those of several steps together are told within 1 %."""

    begin: datetime
    endings: Counter[str] = msgspec.field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Counter[str] = msgspec.field(default_factory=Counter)
    unpriced: int = 0
    ttft_p50: float | None = None
    ttft_p95: float | None = None
    ttfts: Counter[int] = msgspec.field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.endings.total()


class Overview(msgspec.Struct):
    """A range's steps, and its sums. `unpriced` requests have no known cost."""

    steps: list[Step]

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
    def unpriced(self) -> int:
        return sum(step.unpriced for step in self.steps)

    @property
    def tokens(self) -> tuple[int, int]:
        return sum(step.input_tokens for step in self.steps), sum(step.output_tokens for step in self.steps)

    @property
    def ttft(self) -> tuple[float | None, float | None]:
        """The median and the 95th percentile of the whole range, within 1 %."""
        bins: Counter[int] = Counter()
        for step in self.steps:
            bins.update(step.ttfts)
        return _in_bins(bins, 0.5), _in_bins(bins, 0.95)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counters:
        total.update(each)
    return total


class OverTime:
    """Reads overviews, and keeps the steps that are over: rows never change. That there are as many as before is
    checked each time, by an index: a request that took long has its row late, and old rows may be removed."""

    def __init__(self) -> None:
        self._kept: dict[Range, dict[datetime, Step]] = {}

    def read(self, connection: Connection, chosen: Range, now: datetime) -> Overview:
        """All that the overview shows of a range."""
        begin = chosen.begin(now)
        begins = [begin + number * chosen.step for number in range(chosen.steps)]
        kept = self._kept.get(chosen, {})
        kept = {at: kept[at] for at in begins if at in kept}
        missing = next((at for at in begins if at not in kept), begins[-1])
        known = [kept[at] for at in begins if at < missing]
        if sum(step.requests for step in known) != _count(connection, begin, missing):
            missing, known = begin, []
        steps = [*known, *_read(connection, chosen, [at for at in begins if at >= missing])]
        self._kept[chosen] = {step.begin: step for step in steps if step.begin + chosen.step <= now}
        return Overview(steps)


def cost_since(connection: Connection, since: datetime) -> int:
    """What all requests cost that began since then, in nano-dollars."""
    query = select(func.coalesce(func.sum(requests.c.cost_nano_usd), 0)).where(requests.c.started_at >= since)
    return int(connection.execute(query).scalar_one())


def _count(connection: Connection, since: datetime, until: datetime) -> int:
    at = requests.c.started_at
    return int(connection.execute(select(func.count()).where(at >= since, at < until)).scalar_one())


def _read(connection: Connection, chosen: Range, begins: list[datetime]) -> list[Step]:
    """The steps from the first of these on. (Rows that began after the last are of clocks that go wrong.)"""
    steps = {begin: Step(begin) for begin in begins}
    at = _step_of(connection, chosen)
    in_time = requests.c.started_at >= begins[0], requests.c.started_at < begins[-1] + chosen.step
    for row in connection.execute(_sums(at).where(*in_time)).mappings():
        _add(steps[_begin_of(row["at"], chosen)], row)
    ttfts: dict[str, list[float]] = {}
    streamed = requests.c.streamed, requests.c.ttft_ms.is_not(None)
    for name, ttft in connection.execute(select(at, requests.c.ttft_ms).where(*in_time, *streamed)):
        ttfts.setdefault(name, []).append(ttft)
    for name, times in ttfts.items():
        step = steps[_begin_of(name, chosen)]
        times.sort()
        step.ttft_p50, step.ttft_p95 = times[_rank(len(times), 50)], times[_rank(len(times), 95)]
        step.ttfts.update(round(math.log(max(time, 0.001)) * _BINS) for time in times)
    return list(steps.values())


def _rank(number: int, percent: int) -> int:
    """The index of a percentile in so many sorted values: of the nearest rank."""
    return (number * percent + 99) // 100 - 1


def _in_bins(bins: Counter[int], share: float) -> float | None:
    wanted = math.ceil(bins.total() * share)
    for number in sorted(bins):
        wanted -= bins[number]
        if wanted <= 0:
            return math.exp(number / _BINS)
    return None


def _sums(at: Any) -> Select[*tuple[Any, ...]]:
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


def _add(step: Step, row: RowMapping) -> None:
    step.endings[_ENDING.get(row["ended"], "failed")] += row["requests"]
    step.input_tokens += int(row["input_tokens"] or 0)
    step.output_tokens += int(row["output_tokens"] or 0)
    step.unpriced += int(row["unpriced"])
    if row["cost_nano_usd"]:
        step.cost[row["model"] or ""] += int(row["cost_nano_usd"])


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
