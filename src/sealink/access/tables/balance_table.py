"""Postings to the balances of keys, those of the config too: what they were opened with, top-ups, refunds.

A balance is the sum of its postings without the prices of all requests that began since it was opened.
"""

from typing import Literal

from sqlalchemy import insert, select

from sealink.access.records import Posting
from sealink.access.tables.access_store import AccessStore, Change
from sealink.access.tables.schema import balance_postings

Kind = Literal["opening", "top_up", "refund"]


def post(change: Change, key: str, amount_nano_usd: int, kind: Kind) -> None:
    """Add to a balance; below 0: take back. A balance has one opening."""
    row = {"key": key, "at": change.at, "amount_nano_usd": amount_nano_usd, "kind": kind, "change": change.number}
    change.connection.execute(insert(balance_postings).values(row))


def list_postings(store: AccessStore, key: str) -> list[Posting]:
    """A key's postings, the newest first."""
    columns = [balance_postings.c[name] for name in Posting.__struct_fields__]
    query = select(*columns).where(balance_postings.c.key == key).order_by(balance_postings.c.id.desc())
    with store.reading() as connection:
        return [Posting(**row) for row in connection.execute(query).mappings()]
