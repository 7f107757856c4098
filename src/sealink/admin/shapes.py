"""What operations of the admin API take and give, besides the records of access/records.py."""

from typing import Annotated

import msgspec
from msgspec import Meta

from sealink.access.keys import KeyRules, TeamRules
from sealink.access.records import AuditEntry, KeyRecord, TeamRecord


class NewKey(KeyRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: str


class NewTeam(TeamRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to be made."""

    name: str


class KeyWithSecret(KeyRecord, frozen=True, kw_only=True):
    """A key with its new secret, `key`, which is not shown again."""

    key: str


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`overlap_s`: how long the old secret goes on, in seconds."""

    overlap_s: Annotated[float, Meta(ge=0, le=366 * 86_400)] = 0.0


class ConfigReloaded(msgspec.Struct, frozen=True):
    """What a config that was read again has changed: `applied` for new requests, `at_restart` after a restart."""

    applied: tuple[str, ...]
    at_restart: tuple[str, ...]


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`end_streams`: whether open streams are ended too."""

    end_streams: bool = False


class Page(msgspec.Struct, frozen=True):
    """Which part of a list: what comes after `after`, the `next` of the part before."""

    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class KeyList(msgspec.Struct, frozen=True):
    data: list[KeyRecord]
    next: str | None = None


class TeamList(msgspec.Struct, frozen=True):
    data: list[TeamRecord]
    next: str | None = None


class AuditList(msgspec.Struct, frozen=True):
    """Changes, the newest first."""

    data: list[AuditEntry]
    next: str | None = None
