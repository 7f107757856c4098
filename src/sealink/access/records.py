"""Keys, teams and changes as people see them, in commands and in the admin API. No secret or digest is in them."""

from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec

from sealink.access.configured import ConfiguredKey, ConfiguredTeam
from sealink.access.credential import end_of
from sealink.access.keys import KeyRules, TeamRules, fields_of

Source = Literal["store", "file"]
Status = Literal["active", "expired", "revoked"]


class KeyRecord(KeyRules, frozen=True, kw_only=True):
    """A key. `set_in` is where a key of the config stands; `prefix` is how a secret made by SeaLink begins."""

    name: str
    source: Source = "store"
    set_in: str | None = None
    prefix: str | None = None
    status: Status = "active"
    created_at: datetime | None = None
    revoked_at: datetime | None = None


class TeamRecord(TeamRules, frozen=True, kw_only=True):
    """A team."""

    name: str
    source: Source = "store"
    set_in: str | None = None
    status: Status = "active"
    created_at: datetime | None = None
    revoked_at: datetime | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change: when, who (`cli:alice`, `admin`), what (`key.created`), of which key or team, before and after."""

    id: int
    at: datetime
    actor: str
    action: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def status_of(expires: date | None, revoked_at: datetime | None) -> Status:
    """What a key is good for now."""
    if revoked_at is not None:
        return "revoked"
    if expires is not None and end_of(expires) <= datetime.now(UTC):
        return "expired"
    return "active"


def configured_key(each: ConfiguredKey) -> KeyRecord:
    """A key of the config."""
    fields = fields_of(each.key, KeyRules)
    status = status_of(each.key.expires, None)
    return KeyRecord(name=each.key.name, source="file", set_in=each.set_in, status=status, **fields)


def configured_team(each: ConfiguredTeam) -> TeamRecord:
    """A team of the config."""
    return TeamRecord(name=each.team.name, source="file", set_in=each.set_in, **fields_of(each.team, TeamRules))
