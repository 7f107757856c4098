"""The table `daily_usage`: sums of requests whose own rows were removed, a row for each day and whom it was for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnClause,
    Connection,
    Date,
    Insert,
    Select,
    Table,
    Text,
    case,
    delete,
    func,
    literal,
    literal_column,
    select,
)

from sealink.access.tables.schema import balance_postings
from sealink.ledger.hourly_sums import KEEP_HOURS, forget_sums, keep_sums
from sealink.ledger.requests_table import requests
from sealink.store.schema import metadata
from sealink.store.store import Store

TEXTS: Final = ("key", "team", "model", "provider", "task_type")
"""What a day's requests are told apart by; "" where a request has none."""
COUNTS: Final = ("input_tokens", "output_tokens", "cached_read_tokens", "cached_write_tokens", "reasoning_tokens")
SUMS: Final = (
    "requests",
    "not_done",
    "unpriced",
    *COUNTS,
    "cost_nano_usd",
    "estimated_cost_nano_usd",
    "hedge_cost_nano_usd",
    "price_nano_usd",
)

NO_TEXT: Final[ColumnClause[str]] = literal_column("''")
"""Instead of NULL, which no primary key may have. It is part of the statement, so that PostgreSQL sees that SELECT and
GROUP BY have the same."""

daily_usage = Table(
    "daily_usage",
    metadata,
    Column("day", Date, primary_key=True),  # in UTC
    *(Column(name, Text, primary_key=True) for name in TEXTS),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    Column("balance_price_nano_usd", BigInteger, nullable=False),  # of the price, what was paid by a balance
)


def sums() -> list[Any]:
    """The columns of a query for sums over requests, as `ledger/reports/totals.py` has them."""
    cost = requests.c.cost_nano_usd
    return [
        func.count().label("requests"),
        func.sum(case((requests.c.ended != "done", 1), else_=0)).label("not_done"),
        func.sum(case((cost.is_(None) & (requests.c.ended != "refused"), 1), else_=0)).label("unpriced"),
        *(func.coalesce(func.sum(requests.c[name]), 0).label(name) for name in COUNTS),
        func.coalesce(func.sum(cost), 0).label("cost_nano_usd"),
        func.coalesce(func.sum(case((requests.c.usage_source != "provider", cost), else_=0)), 0).label(
            "estimated_cost_nano_usd"
        ),
        func.coalesce(func.sum(requests.c.hedge_cost_nano_usd), 0).label("hedge_cost_nano_usd"),
        func.coalesce(func.sum(requests.c.price_nano_usd), 0).label("price_nano_usd"),
    ]


def roll_up(store: Store, keep_days: int, today: date) -> int:
    """Add the requests of all days but the last `keep_days`, and today, to the sums of their days and hours, and remove
    their rows; each day in a transaction of its own. Returns how many. Raises as the methods of Store do."""
    removed = 0
    before = _midnight(today - timedelta(days=keep_days))
    oldest = select(func.min(requests.c.started_at))
    while True:
        with store.alone() as connection:
            first = connection.execute(oldest).scalar_one()
            if first is None or first >= before:
                forget_sums(connection, _midnight(today) - KEEP_HOURS)
                return removed
            removed += _roll_up_day(connection, first.date())


def _roll_up_day(connection: Connection, day: date) -> int:
    begin, end = _midnight(day), _midnight(day + timedelta(days=1))
    of_day = (requests.c.started_at >= begin) & (requests.c.started_at < end)
    connection.execute(_added(connection, _sums_of(day).where(of_day)))
    keep_sums(connection, begin, end)
    return connection.execute(delete(requests).where(of_day)).rowcount


def _sums_of(day: date) -> Select[*tuple[Any, ...]]:
    opened = (
        select(balance_postings.c.key, func.min(balance_postings.c.at).label("at"))
        .group_by(balance_postings.c.key)
        .subquery()
    )
    by_balance = case((requests.c.started_at >= opened.c.at, requests.c.price_nano_usd), else_=0)
    names = [func.coalesce(requests.c[name], NO_TEXT).label(name) for name in TEXTS]
    query = select(
        _as_date(day), *names, *sums(), func.coalesce(func.sum(by_balance), 0).label("balance_price_nano_usd")
    )
    joined = query.select_from(requests.outerjoin(opened, opened.c.key == requests.c.key))
    return joined.group_by(*(func.coalesce(requests.c[name], NO_TEXT) for name in TEXTS))


def _as_date(day: date) -> Any:
    return literal(day, Date).label("day")


def _added(connection: Connection, rows: Select[*tuple[Any, ...]]) -> Insert:
    """An INSERT that adds to the sums that a day has already."""
    columns = [column.name for column in daily_usage.columns]
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        adding: Any = sqlite.insert(daily_usage)
    else:
        from sqlalchemy.dialects import postgresql

        adding = postgresql.insert(daily_usage)
    inserting = adding.from_select(columns, rows)
    added = {name: daily_usage.c[name] + inserting.excluded[name] for name in columns if name not in ("day", *TEXTS)}
    return inserting.on_conflict_do_update(index_elements=["day", *TEXTS], set_=added)  # type: ignore[no-any-return]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
