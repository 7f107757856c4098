"""Sums of hours or days that are over, read once and kept in memory: their rows do not change."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import Connection, func, select

from sealink.ledger.hourly_sums import Unit, moment_of, unit_of
from sealink.ledger.requests_table import requests

T = TypeVar("T")

LENGTHS: Final[dict[Unit, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
Read = Callable[[Connection, datetime, datetime], dict[datetime, T]]
"""Reads the sums of each period from a time on and before another; those of which nothing is known may be missing."""


class _Kept(msgspec.Struct, Generic[T], frozen=True):
    """The sums of a period, None where there is nothing; and how many rows it had in the table."""

    sums: T | None
    rows: int


class ClosedPeriods(Generic[T]):
    """Whether a period has as many rows as before is asked of an index each time: a request that took long has its row
    late, and old rows are removed. A period that has not is read again."""

    def __init__(self, unit: Unit, keep: timedelta, read: Read[T]) -> None:
        """`keep`: how far back periods are kept."""
        self._unit: Unit = unit
        self._length = LENGTHS[unit]
        self._keep = keep
        self._read = read
        self._kept: dict[datetime, _Kept[T]] = {}
        self._lock = threading.Lock()

    def read(self, connection: Connection, since: datetime, until: datetime) -> dict[datetime, T]:
        """The sums of the periods from `since` on and before `until`, when a period begins. They are over."""
        periods = list(_steps(since, until, self._length))
        if not self._is_known(connection, periods):  # what is known waits for nothing that is read for others
            self._read_once(connection, periods, until - self._keep)
        found = [(at, kept.sums) for at in periods if (kept := self._kept.get(at)) is not None]
        return {at: sums for at, sums in found if sums is not None}

    def _read_once(self, connection: Connection, periods: list[datetime], oldest: datetime) -> None:
        with self._lock:  # who asks while they are read for somebody else has them then
            if not self._is_known(connection, periods):
                self._read_changed(connection, periods)
                self._kept = {at: kept for at, kept in self._kept.items() if at >= oldest}

    def _is_known(self, connection: Connection, periods: list[datetime]) -> bool:
        kept = [kept for at in periods if (kept := self._kept.get(at)) is not None]
        if len(kept) < len(periods):
            return False
        if not periods:
            return True
        count = select(func.count()).where(*_between(periods[0], periods[-1] + self._length))
        return sum(each.rows for each in kept) == connection.execute(count).scalar_one()

    def _read_changed(self, connection: Connection, periods: list[datetime]) -> None:
        at = unit_of(connection, self._unit)
        counted = select(at, func.count()).where(*_between(periods[0], periods[-1] + self._length)).group_by(at)
        rows = {moment_of(name): count for name, count in connection.execute(counted)}
        changed = [each for each in periods if each not in self._kept or self._kept[each].rows != rows.get(each, 0)]
        if not changed:
            return
        sums = self._read(connection, changed[0], changed[-1] + self._length)
        for each in _steps(changed[0], changed[-1] + self._length, self._length):
            self._kept[each] = _Kept(sums.get(each), rows.get(each, 0))


def _steps(since: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    while since < until:
        yield since
        since += length


def _between(since: datetime, until: datetime) -> tuple[Any, ...]:
    return requests.c.started_at >= since, requests.c.started_at < until
