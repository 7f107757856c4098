"""The opening balances of the config's keys, credited once: when a key is first seen with one."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import column, select, table, update

from sealink.access.configured import Configured
from sealink.access.tables.access_store import AccessStore, Change
from sealink.access.tables.balance_sums import opened
from sealink.access.tables.balance_table import post
from sealink.access.tables.schema import access_state, balance_postings
from sealink.policy.budgets import nano_usd

_ACTOR: Final = "config"
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)

_requests = table("requests", column("key"), column("team"))
"""As far as it is read here: the ledger's table."""


def open_balances(store: AccessStore, configured: Configured) -> None:
    """Credit the openings that are missing. Blocks, and raises as AccessStore does.

    The first config that meets the store of a SeaLink whose balances were no postings yet also tells the teams of its
    keys, for the rows that were written before, and its balances count all that was spent before.
    """
    wanted = _wanted(configured)
    with store.reading() as connection:
        adopts = connection.execute(select(access_state.c.adopts_config)).scalar_one()
        missing = wanted.keys() - opened(connection, wanted)
    if not missing and not adopts:
        return
    with store.change(_ACTOR) as change:
        if change.connection.execute(select(access_state.c.adopts_config)).scalar_one():
            change = _adopt(configured, change, wanted)
        for name in sorted(wanted.keys() - opened(change.connection, wanted)):
            post(change, name, wanted[name], "opening")


def _wanted(configured: Configured) -> dict[str, int]:
    keys = configured.keys.items()
    return {name: nano_usd(each.key.balance_usd) for name, each in keys if each.key.balance_usd is not None}


def _adopt(configured: Configured, change: Change, wanted: dict[str, int]) -> Change:
    """Complete what was written before there were teams in rows and openings among postings."""
    connection, keys = change.connection, configured.keys
    for name, each in keys.items():
        if each.key.team is not None:
            of_key = (_requests.c.key == name) & _requests.c.team.is_(None)
            connection.execute(update(_requests).where(of_key).values(team=each.key.team))
    paid_in = set(connection.execute(select(balance_postings.c.key).distinct()).scalars())
    from_the_first = msgspec.structs.replace(change, at=_ALWAYS)
    for name in sorted((paid_in & keys.keys()) - wanted.keys() - opened(connection, paid_in)):
        post(from_the_first, name, 0, "opening")
    connection.execute(update(access_state).values(adopts_config=False))
    return from_the_first
