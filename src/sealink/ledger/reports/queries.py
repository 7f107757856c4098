"""The SQL of reports: sums and rows of a selection of requests."""

from collections.abc import Iterator
from datetime import time
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, true

from sealink.ledger.daily_usage import NO_TEXT, SUMS, TEXTS, daily_usage, sums
from sealink.ledger.reports.selection import COLUMNS, Selection
from sealink.ledger.reports.totals import By, Group, Totals
from sealink.ledger.requests_table import requests

Query = Select[*tuple[Any, ...]]


def stored_sums(connection: Connection, by: tuple[By, ...], selection: Selection) -> Iterator[tuple[Group, Totals]]:
    """What the store has of a selection: sums of rows, and of days whose rows were removed. A group can come twice."""
    queries = [sums_of_requests(by, selection)]
    if selection.fits_days:
        queries.append(sums_of_days(by, selection))
    for query in queries:
        for mapping in connection.execution_options(yield_per=1000).execute(query).mappings():
            group = tuple(None if (name := mapping[f"by_{each}"]) is None else str(name) for each in by)
            yield group, Totals(**{name: int(mapping[name] or 0) for name in Totals.__struct_fields__})


def sums_of_requests(by: tuple[By, ...], selection: Selection) -> Query:
    """Sums over the rows of requests."""
    groups: list[Any] = [
        func.date(requests.c.started_at) if each == "day" else requests.c[COLUMNS[each]] for each in by
    ]
    if selection.since is not None:  # SQLite would read all of the table by the index of a column, to save sorting
        groups = [group.concat("") if group.name in COLUMNS.values() else group for group in groups]
    labelled = [group.label(f"by_{each}") for each, group in zip(by, groups, strict=True)]
    return select(*labelled, *sums()).where(selected(selection)).group_by(*groups)


def sums_of_days(by: tuple[By, ...], selection: Selection) -> Query:
    """Sums over days whose rows were removed. A day is in a selection if its beginning is."""
    groups = [daily_usage.c.day if each == "day" else func.nullif(daily_usage.c[COLUMNS[each]], NO_TEXT) for each in by]
    labelled = [group.label(f"by_{each}") for each, group in zip(by, groups, strict=True)]
    added = [func.sum(daily_usage.c[name]).label(name) for name in SUMS]
    return select(*labelled, *added).where(_selected_days(selection)).group_by(*groups)


def prices(selection: Selection) -> Query:
    """The prices of a selection, by model."""
    price = func.coalesce(func.sum(requests.c.price_nano_usd), 0)
    return select(requests.c.model, price.label("price")).where(selected(selection)).group_by(requests.c.model)


def prices_of_days(selection: Selection, *, by_balance: bool) -> Query:
    """As `prices`, of days whose rows were removed. `by_balance`: those that were paid by a balance, on the day of the
    beginning of the selection too."""
    price = daily_usage.c.balance_price_nano_usd if by_balance else daily_usage.c.price_nano_usd
    if by_balance and selection.since is not None:
        midnight = selection.since.replace(hour=0, minute=0, second=0, microsecond=0)
        selection = msgspec.structs.replace(selection, since=midnight)
    query = select(daily_usage.c.model, func.sum(price).label("price")).where(_selected_days(selection))
    return query.group_by(daily_usage.c.model)


def newest_rows(selection: Selection, limit: int, before: tuple[Any, str] | None) -> Query:
    """The newest rows first; with `before`, a time and an id, those that come after that one."""
    started_at, request_id = requests.c.started_at, requests.c.request_id
    query = select(requests).where(selected(selection), started_at.is_not(None))
    if before is not None:
        at, last_id = before
        query = query.where(started_at <= at)  # what an index finds
        query = query.where(or_(started_at < at, and_(started_at == at, request_id < last_id)))
    return query.order_by(started_at.desc(), request_id.desc()).limit(limit)


def selected(selection: Selection) -> ColumnElement[bool]:
    """The condition that rows of requests meet."""
    conditions: list[ColumnElement[bool]] = [requests.c[name] == value for name, value in selection.given.items()]
    if selection.since is not None:
        conditions.append(requests.c.started_at >= selection.since)
    if selection.until is not None:
        conditions.append(requests.c.started_at < selection.until)
    return and_(true(), *conditions)


def _selected_days(selection: Selection) -> ColumnElement[bool]:
    given = selection.given.items()
    conditions: list[ColumnElement[bool]] = [daily_usage.c[name] == value for name, value in given if name in TEXTS]
    day, (since, until) = daily_usage.c.day, (selection.since, selection.until)
    if since is not None:
        conditions.append(day >= since.date() if since.time() == time.min else day > since.date())
    if until is not None:
        conditions.append(day < until.date() if until.time() == time.min else day <= until.date())
    return and_(true(), *conditions)
