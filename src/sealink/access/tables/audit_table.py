"""The audit: a row for each change to a key or team. It holds no secret and no digest."""

import msgspec
from sqlalchemy import insert, select

from sealink.access.records import AuditEntry, KeyRecord, TeamRecord
from sealink.access.tables.access_store import AccessStore, Change
from sealink.access.tables.schema import audit

Record = KeyRecord | TeamRecord


def write_down(change: Change, action: str, before: Record | None, after: Record) -> None:
    """Add what is done, as part of the change itself."""
    row = {
        "at": change.at,
        "actor": change.actor,
        "action": action,
        "name": after.name,
        "before": before and msgspec.to_builtins(before),
        "after": msgspec.to_builtins(after),
    }
    change.connection.execute(insert(audit).values(row))


def list_changes(
    store: AccessStore, *, limit: int, before: int | None = None, name: str | None = None
) -> list[AuditEntry]:
    """The newest changes first; with `before`, those that came before the one of that id; with `name`, those of keys
    and teams of that name."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if name is not None:
        query = query.where(audit.c.name == name)
    if before is not None:
        query = query.where(audit.c.id < before)
    with store.reading() as connection:
        return [AuditEntry(**row) for row in connection.execute(query).mappings()]
