"""What the charts and sums of the overview show of a range of time. Each query reads a range of the index by time.
Everything blocks."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, func, select

from sealink.ledger.hourly_sums import KEEP_HOURS, Sums, Unit, sums_of_removed, sums_of_rows
from sealink.ledger.reports.closed_periods import LENGTHS, ClosedPeriods
from sealink.ledger.requests_table import requests

RangeName = Literal["1h", "24h", "7d", "30d"]


class Range(msgspec.Struct, frozen=True):
    """A range of time in steps of a minute, of some hours, or of a day."""

    title: str
    steps: int
    step: timedelta

    @property
    def unit(self) -> Unit:
        """What its steps are made of."""
        return "minute" if self.step < LENGTHS["hour"] else "hour"

    def begin(self, now: datetime) -> datetime:
        """When the first step begins."""
        return floor(now, self.step) - (self.steps - 1) * self.step


RANGES: Final[dict[str, Range]] = {
    "1h": Range("last hour", 60, timedelta(minutes=1)),
    "24h": Range("last 24 hours", 24, timedelta(hours=1)),
    "7d": Range("last 7 days", 28, timedelta(hours=6)),
    "30d": Range("last 30 days", 30, timedelta(days=1)),
}


class Step(Sums, kw_only=True):
    """The sums of a step."""

    begin: datetime


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
        whole = Sums()
        for step in self.steps:
            whole.add(step)
        return whole.ttft(0.5), whole.ttft(0.95)


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


class OverTime:
    """Reads overviews, and keeps the sums of hours that are over."""

    def __init__(self) -> None:
        self._hours = ClosedPeriods("hour", KEEP_HOURS, _hours)

    def read(self, connection: Connection, chosen: Range, now: datetime) -> Overview:
        """All that the overview shows of a range."""
        begin = chosen.begin(now)
        steps = {at: Step(begin=at) for at in (begin + number * chosen.step for number in range(chosen.steps))}
        for at, sums in self._sums(connection, chosen, now).items():
            steps[begin + (at - begin) // chosen.step * chosen.step].add(sums)
        return Overview(list(steps.values()))

    def _sums(self, connection: Connection, chosen: Range, now: datetime) -> dict[datetime, Sums]:
        """Of each hour, or minute. (Rows that began after the last are of clocks that go wrong.)"""
        begin, end = chosen.begin(now), floor(now, chosen.step) + chosen.step
        if chosen.unit == "minute":
            return sums_of_rows(connection, "minute", begin, end)
        this_hour = floor(now, LENGTHS["hour"])
        return self._hours.read(connection, begin, this_hour) | sums_of_rows(connection, "hour", this_hour, end)


def _hours(connection: Connection, since: datetime, until: datetime) -> dict[datetime, Sums]:
    found = sums_of_rows(connection, "hour", since, until)
    for hour, sums in sums_of_removed(connection, since, until):
        found.setdefault(hour, Sums()).add(sums)
    return found


def floor(at: datetime, step: timedelta) -> datetime:
    """When the step that a time is in has begun."""
    step_s = step.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // step_s * step_s, UTC)


def cost_since(connection: Connection, since: datetime) -> int:
    """What all requests cost that began since then, in nano-dollars."""
    query = select(func.coalesce(func.sum(requests.c.cost_nano_usd), 0)).where(requests.c.started_at >= since)
    return int(connection.execute(query).scalar_one())
