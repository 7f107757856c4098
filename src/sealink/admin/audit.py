"""What the admin API says of changes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sealink.admin.operation import Call
from sealink.admin.shapes import AuditList
from sealink.errors import InvalidRequest

if TYPE_CHECKING:
    from sealink.access.tables.access_store import AccessStore


class AuditOperations:
    """`store` gives the store of keys."""

    def __init__(self, store: "Callable[[], AccessStore]") -> None:
        self._store = store

    def list(self, call: Call) -> AuditList:
        from sealink.access.tables.audit_table import list_changes

        page = call.query
        if page.after and not page.after.isdecimal():
            raise InvalidRequest("`after` must be the `next` of the part before.", code="invalid_value", param="after")
        entries = list_changes(self._store(), limit=page.limit + 1, before=int(page.after) if page.after else None)
        is_last = len(entries) <= page.limit
        entries = entries[: page.limit]
        return AuditList(entries, None if is_last else str(entries[-1].id))
