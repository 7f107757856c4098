"""What `sealink usage` shows: the rows of the store, and those that are in the journals only."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Select, case, func, select
from sqlalchemy.engine import RowMapping

from sealink.ledger.requests_table import RequestsTable, requests
from sealink.ledger.row import Row, open_row
from sealink.ledger.totals import By, Summary, Totals
from sealink.ledger.unstored import Unstored, read_unstored
from sealink.store.errors import StoreUnavailable
from sealink.store.url import sqlite_file

_TOKENS = ("input_tokens", "output_tokens", "cached_read_tokens", "cached_write_tokens", "reasoning_tokens")
_IDS_AT_ONCE = 500


class Report:
    """All that is known at one moment: the rows of the store, and those that only the journals have."""

    def __init__(self, connection: Connection | None, unstored: Unstored) -> None:
        self._connection = connection
        stored = self._stored([*unstored.settled, *unstored.open])
        self._settled = [row for request_id, row in unstored.settled.items() if request_id not in stored]
        self._open = [admission for request_id, admission in unstored.open.items() if request_id not in stored]

    def summary(self, by: By) -> Summary:
        """Sums of all that has ended, the groups in order."""
        groups: dict[str | None, Totals] = {}
        for mapping in self._fetch(_sums(by)):
            sums = {name: int(value or 0) for name, value in mapping.items() if name != "grouped_by"}
            groups[_name(mapping["grouped_by"])] = Totals(**sums)
        for row in self._settled:
            groups.setdefault(_group(row, by), Totals()).add(_totals_of(row))
        total = Totals()
        for totals in groups.values():
            total.add(totals)
        in_order = dict(sorted(groups.items(), key=lambda item: item[0] or ""))
        return Summary(by, in_order, total, waiting=len(self._settled), open=len(self._open))

    def rows(self, last: int | None = None) -> Iterator[Row]:
        """The rows in the order in which the requests began: all, or the `last` ones."""
        order = requests.c.started_at, requests.c.request_id
        if last is None:
            yield from self._rows(select(requests).order_by(*order))
            yield from sorted(self._settled, key=_started)
            return
        newest = select(requests).order_by(*(column.desc() for column in order)).limit(last)
        yield from sorted([*self._rows(newest), *self._settled], key=_started)[-last:]

    def find(self, request_id: str) -> Row | None:
        """What is known of a request. While it is open that is its admission, and `ended` is None."""
        this_one = requests.c.request_id == request_id
        candidates = [*self._rows(select(requests).where(this_one)), *self._settled, *map(open_row, self._open)]
        return next((row for row in candidates if row["request_id"] == request_id), None)

    def _rows(self, query: Select[*tuple[object, ...]]) -> Iterator[Row]:
        return (dict(mapping) for mapping in self._fetch(query))

    def _fetch(self, query: Select[*tuple[object, ...]]) -> Iterable[RowMapping]:
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


def _sums(by: By) -> Select[*tuple[object, ...]]:
    group = {
        "model": requests.c.model,
        "key": requests.c.key,
        "task": requests.c.task_type,
        "day": func.date(requests.c.started_at),
    }[by]
    cost = requests.c.cost_nano_usd
    return select(
        group.label("grouped_by"),
        func.count().label("requests"),
        func.sum(case((requests.c.ended != "done", 1), else_=0)).label("not_done"),
        func.sum(case((cost.is_(None) & (requests.c.ended != "refused"), 1), else_=0)).label("unpriced"),
        *(func.sum(requests.c[name]).label(name) for name in _TOKENS),
        func.sum(cost).label("cost_nano_usd"),
        func.sum(case((requests.c.usage_source != "provider", cost), else_=0)).label("estimated_cost_nano_usd"),
        func.sum(requests.c.hedge_cost_nano_usd).label("hedge_cost_nano_usd"),
    ).group_by(group)


def _totals_of(row: Row) -> Totals:
    cost = row["cost_nano_usd"]
    return Totals(
        requests=1,
        not_done=int(row["ended"] != "done"),
        unpriced=int(cost is None and row["ended"] != "refused"),
        **{name: row[name] or 0 for name in _TOKENS},
        cost_nano_usd=cost or 0,
        estimated_cost_nano_usd=0 if row["usage_source"] in ("provider", None) else cost or 0,
        hedge_cost_nano_usd=row["hedge_cost_nano_usd"] or 0,
    )


def _group(row: Row, by: By) -> str | None:
    if by == "day":
        return str(row["started_at"].date())
    return _name(row["task_type" if by == "task" else by])


def _name(group: object) -> str | None:
    return None if group is None else str(group)


def _started(row: Row) -> str:
    return str(row["started_at"] or "")
