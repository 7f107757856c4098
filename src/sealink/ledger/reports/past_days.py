"""Sums of the days that are over, for the usage page: by all that a day can be asked for, and kept in memory."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from sealink.ledger.reports.closed_periods import ClosedPeriods
from sealink.ledger.reports.queries import stored_sums
from sealink.ledger.reports.selection import Selection
from sealink.ledger.reports.totals import By, Group, Totals

KEEP_DAYS: Final = timedelta(days=92)
"""Days before that are summed by the database each time."""
MAX_GROUPS: Final = 10_000
"""Of a day: with more, it is summed by the database, too. A group takes half a kilobyte."""
_BY: Final[tuple[By, ...]] = ("key", "team", "model", "provider", "task")

Groups = dict[Group, Totals]


class PastDays:
    """What is kept, of one store."""

    def __init__(self) -> None:
        self._days = ClosedPeriods("day", KEEP_DAYS, _read)

    def take(
        self, connection: Connection, by: tuple[By, ...], selection: Selection, now: datetime
    ) -> tuple[Groups, Selection]:
        """The sums of the days of a selection that are over and kept, and what is left of it to be summed."""
        today = datetime.combine(now.date(), time.min, UTC)
        since, until = selection.since, min(selection.until or today, today)
        if since is None or since.time() != time.min or until.time() != time.min or not selection.fits_days:
            return {}, selection
        if not today - KEEP_DAYS <= since < until:
            return {}, selection
        days = self._days.read(connection, since, until)
        if any(len(groups) > MAX_GROUPS for groups in days.values()):
            return {}, selection
        found: Groups = {}
        for day, groups in days.items():
            _add(found, by, selection, str(day.date()), groups)
        return found, msgspec.structs.replace(selection, since=until)


def _add(found: Groups, by: tuple[By, ...], selection: Selection, day: str, groups: Groups) -> None:
    wanted = [(_BY.index(name), value) for name in _BY if (value := getattr(selection, name)) is not None]
    places = [None if each == "day" else _BY.index(each) for each in by]
    for names, totals in groups.items():
        if all(names[place] == value for place, value in wanted):
            group = tuple(day if place is None else names[place] for place in places)
            found.setdefault(group, Totals()).add(totals)


def _read(connection: Connection, since: datetime, until: datetime) -> dict[datetime, Groups]:
    found: dict[datetime, Groups] = {}
    for (day, *names), totals in stored_sums(connection, ("day", *_BY), Selection(since=since, until=until)):
        assert day is not None
        groups = found.setdefault(datetime.combine(datetime.fromisoformat(day).date(), time.min, UTC), {})
        groups.setdefault(tuple(names), Totals()).add(totals)
    return found
