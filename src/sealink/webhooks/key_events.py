"""Events of keys: from the audit, and by the days on which they expire."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from sealink.access.tables.schema import audit
from sealink.webhooks.events import Event, event
from sealink.webhooks.outbox import Outbox
from sealink.webhooks.settings import WebhookSettings

EXPIRING: Final = timedelta(days=7)
"""So long before its end a key is expiring."""
_AUDIT: Final = "audit"
_TYPES: Final = ("key.created", "key.rotated", "key.revoked")
_AT_ONCE: Final = 200


def take_changes(outbox: Outbox, endpoints: Sequence[WebhookSettings]) -> None:
    """Put the changes since the last call into the outbox. The first call only notes where the audit is now.

    The ids of changes are in the order in which they were made: only one is made at a time (AccessStore.change).
    """
    with outbox.writing() as connection:
        newest = connection.execute(select(func.coalesce(func.max(audit.c.id), 0))).scalar_one()
        position = outbox.mark(connection, _AUDIT, newest)
        if position is None or position == newest:
            return
        query = select(audit).where(audit.c.id > position).order_by(audit.c.id).limit(_AT_ONCE)
        rows = connection.execute(query).mappings().all()
        events = [_changed(row) for row in rows if row["action"] in _TYPES]
        outbox.add_within(connection, events, endpoints)
        outbox.advance(connection, _AUDIT, rows[-1]["id"])


def take_expiring(outbox: Outbox, endpoints: Sequence[WebhookSettings], keys: Iterable[tuple[str, date]]) -> None:
    """Tell once of each key that will expire soon: its name, and the day at whose beginning it ends."""
    now = datetime.now(UTC)
    for name, expires in keys:
        if now.date() < expires <= (now + EXPIRING).date():
            found = event("key.expiring", {"name": name, "expires": expires}, of=(name, str(expires)))
            with outbox.writing() as connection:
                if outbox.mark(connection, found.id) is None:
                    outbox.add_within(connection, [found], endpoints)


def _changed(row: Any) -> Event:
    data = {"name": row["name"], "actor": row["actor"], "key": row["after"]}
    return event(row["action"], data, of=(str(row["id"]),), at=row["at"])
