"""What a secret gives access to, and until when; and what has changed in the store since a process last looked."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import msgspec

from sealink.access.keys import ApiKey, KeyRules, Team


class Credential(msgspec.Struct, frozen=True):
    """One secret of a key: a key has several while a rotation's overlap lasts.

    `valid_until`: a Unix time in seconds, None where it has no end; `ended`: what is said to its holder from then on.
    """

    key: ApiKey
    valid_until: float | None = None
    ended: str = ""


def end_of(expires: date) -> datetime:
    """When a key that expires on a day stops being valid: as the day begins, in UTC."""
    return datetime.combine(expires, time(), UTC)


def credential_of(key: ApiKey, replaced_at: datetime | None = None) -> Credential:
    """A secret of a key that was not revoked; `replaced_at`: when a rotation takes the secret out of force."""
    ends = []
    if key.expires is not None:
        ends.append((end_of(key.expires).timestamp(), f"The API key {key.name!r} expired on {key.expires}."))
    if replaced_at is not None:
        ends.append((replaced_at.timestamp(), f"This secret of the API key {key.name!r} was replaced by another."))
    return Credential(key, *min(ends)) if ends else Credential(key)


def revoked(key: ApiKey) -> Credential:
    """A secret of a revoked key: out of force at once, whatever this node's clock says."""
    return Credential(key, 0.0, f"The API key {key.name!r} was revoked.")


class Balance(NamedTuple):
    """A prepaid balance: what was paid in, in nano-dollars; when it was opened (Unix time in seconds); and whether it
    has more than its opening."""

    paid: int
    opened_s: int
    is_topped_up: bool = False


def balance_in_force(rules: KeyRules, balance: Balance | None) -> Balance | None:
    """The balance that a key's requests are paid by; None for a key that is not prepaid, or not any more."""
    is_prepaid = balance is not None and (rules.balance_usd is not None or balance.is_topped_up)
    return balance if is_prepaid else None


class Changes(msgspec.Struct, frozen=True):
    """Keys and teams that have changed, as they are now.

    `balances` are those that have changed, by their keys.
    `number` counts all changes there have been. `ended_keys` and `ended_teams` are the names of those that were
    revoked with their open streams.
    """

    number: int
    access_secret: bytes
    credentials: Mapping[bytes, Credential] = {}
    teams: Mapping[str, Team] = {}
    balances: Mapping[str, Balance] = {}
    ended_keys: frozenset[str] = frozenset()
    ended_teams: frozenset[str] = frozenset()
