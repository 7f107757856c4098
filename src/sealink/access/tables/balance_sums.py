"""What was paid into balances, by their postings."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, func, select

from sealink.access.credential import Balance
from sealink.access.tables.schema import balance_postings

_FIRST_S: Final = 1
"""A balance that was opened in 1970 is one, too: 0 is none."""


def opened(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Those of these keys whose balances have their opening."""
    openings = select(balance_postings.c.key).where(balance_postings.c.kind == "opening")
    return set(connection.execute(openings.where(balance_postings.c.key.in_([*keys]))).scalars())


def sums(changed_since: int | None = None) -> Select[*tuple[Any, ...]]:
    """What was paid into each balance, and when it was opened; of those that have changed since that change."""
    query = select(
        balance_postings.c.key,
        func.sum(balance_postings.c.amount_nano_usd).label("paid"),
        func.min(balance_postings.c.at).label("opened_at"),
        func.max(case((balance_postings.c.kind == "opening", 0), else_=1)).label("topped_up"),
    ).group_by(balance_postings.c.key)
    if changed_since is None:
        return query
    changed = select(balance_postings.c.key).where(balance_postings.c.change > changed_since)
    return query.where(balance_postings.c.key.in_(changed))


def balance_of(row: Row[*tuple[Any, ...]]) -> Balance:
    """The balance of a row of `sums`."""
    return Balance(int(row.paid), max(_FIRST_S, int(row.opened_at.timestamp())), bool(row.topped_up))


def balances(connection: Connection, key: str | None = None) -> dict[str, Balance]:
    """All balances by their keys, or that of one key."""
    query = sums() if key is None else sums().where(balance_postings.c.key == key)
    return {row.key: balance_of(row) for row in connection.execute(query)}
