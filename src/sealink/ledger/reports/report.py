"""A report on a ledger: the rows of the store, and those that are in the journals only."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from sealink.ledger.daily_usage import COUNTS
from sealink.ledger.reports.past_days import PastDays
from sealink.ledger.reports.queries import (
    Query,
    newest_rows,
    prices,
    prices_of_days,
    selected,
    stored_sums,
)
from sealink.ledger.reports.selection import ALL, COLUMNS, Position, Selection
from sealink.ledger.reports.totals import By, Group, Summary, Totals
from sealink.ledger.reports.unstored import Unstored, read_unstored
from sealink.ledger.requests_table import RequestsTable, requests
from sealink.ledger.row import Row, open_row
from sealink.store.errors import StoreUnavailable
from sealink.store.url import sqlite_file

_IDS_AT_ONCE: Final = 500


def _any_model(model: str) -> bool:
    return True


class Report:
    """All that is known at one moment: the rows of the store, and those that only the journals have."""

    def __init__(self, connection: Connection | None, unstored: Unstored) -> None:
        self._connection = connection
        stored = self._stored([*unstored.settled, *unstored.open])
        self._settled = [row for request_id, row in unstored.settled.items() if request_id not in stored]
        self._open = [admission for request_id, admission in unstored.open.items() if request_id not in stored]

    def summary(self, by: tuple[By, ...], selection: Selection = ALL, past: PastDays | None = None) -> Summary:
        """Sums of all that has ended, the groups in order; with `past` the days that it keeps are not summed again."""
        groups: dict[Group, Totals] = {}
        if self._connection is not None:
            left = selection
            if past is not None:
                groups, left = past.take(self._connection, by, selection, datetime.now(UTC))
            for group, totals in stored_sums(self._connection, by, left):
                groups.setdefault(group, Totals()).add(totals)
        waiting = [row for row in self._settled if selection.fits(row)]
        for row in waiting:
            groups.setdefault(_group(row, by), Totals()).add(_totals_of(row))
        total = Totals()
        for totals in groups.values():
            total.add(totals)
        in_order = dict(sorted(groups.items(), key=lambda item: [name or "" for name in item[0]]))
        open_now = sum(selection.fits(open_row(admission)) for admission in self._open)
        return Summary(by, in_order, total, waiting=len(waiting), open=open_now)

    def rows(self, last: int | None = None, selection: Selection = ALL) -> Iterator[Row]:
        """The rows in the order in which the requests began: all, or the `last` ones."""
        order = requests.c.started_at, requests.c.request_id
        query = select(requests).where(selected(selection))
        settled = [row for row in self._settled if selection.fits(row)]
        if last is None:
            yield from self._rows(query.order_by(*order))
            yield from sorted(settled, key=_started)
            return
        newest = query.order_by(*(column.desc() for column in order)).limit(last)
        yield from sorted([*self._rows(newest), *settled], key=_started)[-last:]

    def page(self, selection: Selection, limit: int, before: Position | None = None) -> list[Row]:
        """The newest rows first; with `before`, those that come after the row at that position."""
        settled = [row for row in self._settled if row["started_at"] is not None and selection.fits(row)]
        if before is not None:
            settled = [row for row in settled if position_of(row) < before]
        found = [*self._rows(newest_rows(selection, limit, before)), *settled]
        return sorted(found, key=position_of, reverse=True)[:limit]

    def find(self, request_id: str) -> Row | None:
        """What is known of a request. While it is open that is its admission, and `ended` is None."""
        this_one = requests.c.request_id == request_id
        candidates = [*self._rows(select(requests).where(this_one)), *self._settled, *map(open_row, self._open)]
        return next((row for row in candidates if row["request_id"] == request_id), None)

    def spent_nano_usd(
        self, selection: Selection, *, by_balance: bool = False, is_of_model: Callable[[str], bool] = _any_model
    ) -> int:
        """The prices of a selection, markup included, of those models. `by_balance`: the selection's beginning is when
        a balance was opened."""
        spent = 0
        for query in (prices(selection), prices_of_days(selection, by_balance=by_balance)):
            spent += sum(int(row["price"] or 0) for row in self._fetch(query) if is_of_model(row["model"] or ""))
        settled = [row for row in self._settled if selection.fits(row) and is_of_model(row["model"] or "")]
        return spent + sum(row["price_nano_usd"] or 0 for row in settled)

    def _rows(self, query: Query) -> Iterator[Row]:
        return (dict(mapping) for mapping in self._fetch(query))

    def _fetch(self, query: Query) -> Iterable[RowMapping]:
        """The rows of a query; none if the store has not been created yet."""
        if self._connection is None:
            return ()
        return self._connection.execution_options(yield_per=1000).execute(query).mappings()

    def _stored(self, request_ids: list[str]) -> set[str]:
        """Which of these requests have a row in the store."""
        found: set[str] = set()
        for start in range(0, len(request_ids), _IDS_AT_ONCE):
            some = request_ids[start : start + _IDS_AT_ONCE]
            query = select(requests.c.request_id).where(requests.c.request_id.in_(some))
            found.update(mapping["request_id"] for mapping in self._fetch(query))
        return found


@contextmanager
def open_report(store_url: str, journal_root: Path, *, timeout_s: float = 5.0) -> Iterator[Report]:
    """A report on a ledger, which may be in use. Raises StoreError (StoreTooNew for a store that a newer SeaLink has
    left), or StoreUnavailable if the store is down.

    A store that an older SeaLink has left is brought up to date first.
    """
    try:
        unstored = read_unstored(journal_root)
    except OSError as error:
        raise StoreUnavailable(f"the journal of requests cannot be read: {error}") from error
    file = sqlite_file(store_url)
    if file is not None and not file.exists():  # a report must not create it
        yield Report(None, unstored)
        return
    table = RequestsTable(store_url, timeout_s=timeout_s)
    try:
        is_there = table.version() is not None
        if is_there:
            table.migrate()
        with table.reading() as connection:
            yield Report(connection if is_there else None, unstored)
    finally:
        table.close()


def position_of(row: Row) -> Position:
    """Where a row stands in a list. Only for one whose admission is known."""
    return row["started_at"], row["request_id"]


def _totals_of(row: Row) -> Totals:
    cost = row["cost_nano_usd"]
    return Totals(
        requests=1,
        not_done=int(row["ended"] != "done"),
        unpriced=int(cost is None and row["ended"] != "refused"),
        **{name: row[name] or 0 for name in COUNTS},
        cost_nano_usd=cost or 0,
        estimated_cost_nano_usd=0 if row["usage_source"] in ("provider", None) else cost or 0,
        hedge_cost_nano_usd=row["hedge_cost_nano_usd"] or 0,
        price_nano_usd=row["price_nano_usd"] or 0,
    )


def _group(row: Row, by: tuple[By, ...]) -> Group:
    return tuple(_day(row) if each == "day" else _name(row[COLUMNS[each]]) for each in by)


def _day(row: Row) -> str | None:
    started_at: datetime | None = row["started_at"]
    return None if started_at is None else str(started_at.date())


def _name(group: Any) -> str | None:
    return None if group is None else str(group)


def _started(row: Row) -> str:
    return str(row["started_at"] or "")
