"""Keys, teams and changes as people see them, in commands and in the admin API. No secret or digest is in them."""

from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec

from sealink.access.configured import ConfiguredKey, ConfiguredTeam
from sealink.access.credential import Balance, balance_in_force, end_of
from sealink.access.keys import KeyRules, TeamRules, fields_of
from sealink.catalog.rates import NANO

Source = Literal["store", "file"]
Status = Literal["active", "expired", "revoked"]


class KeyRecord(KeyRules, frozen=True, kw_only=True):
    """A key. `set_in` is where a key of the config stands, `prefix` is how a secret made by SeaLink begins, and
    `paid_in_usd` is what was paid into its balance, None where it has none."""

    name: str
    source: Source = "store"
    set_in: str | None = None
    prefix: str | None = None
    status: Status = "active"
    created_at: datetime | None = None
    revoked_at: datetime | None = None
    paid_in_usd: float | None = None
    balance_opened_at: datetime | None = None


class TeamRecord(TeamRules, frozen=True, kw_only=True):
    """A team."""

    name: str
    source: Source = "store"
    set_in: str | None = None
    status: Status = "active"
    created_at: datetime | None = None
    revoked_at: datetime | None = None


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid into a balance: its `opening`, a `top_up`, or a `refund`, which is below 0."""

    id: int
    at: datetime
    kind: str
    amount_nano_usd: int


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


def paid_in(rules: KeyRules, balance: Balance | None) -> dict[str, Any]:
    """What a record says of a balance."""
    balance = balance_in_force(rules, balance)
    if balance is None:
        return {}
    return {"paid_in_usd": balance.paid / NANO, "balance_opened_at": datetime.fromtimestamp(balance.opened_s, UTC)}


def configured_key(each: ConfiguredKey, balance: Balance | None = None) -> KeyRecord:
    """A key of the config, and its balance."""
    return KeyRecord(
        name=each.key.name,
        source="file",
        set_in=each.set_in,
        status=status_of(each.key.expires, None),
        **paid_in(each.key, balance),
        **fields_of(each.key, KeyRules),
    )


def configured_team(each: ConfiguredTeam) -> TeamRecord:
    """A team of the config."""
    return TeamRecord(name=each.team.name, source="file", set_in=each.set_in, **fields_of(each.team, TeamRules))
