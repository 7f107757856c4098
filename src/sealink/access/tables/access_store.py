"""The store of keys and teams: read by each process to learn what has changed, written by commands and the admin API.

Everything here blocks: call it from a thread. What is not allowed is raised as a SealinkError; StoreError and
StoreUnavailable are raised as by store/store.py.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select, update

from sealink.access.configured import Configured
from sealink.access.credential import Changes, Credential, credential_of, revoked
from sealink.access.keys import KeyRules, Team, TeamRules, api_key, team_of
from sealink.access.tables.balance_sums import balance_of, sums
from sealink.access.tables.schema import access_state, api_keys, key_secrets, teams
from sealink.store.store import Store

ALL: int = -1
"""A number before that of any change."""


class Change(msgspec.Struct, frozen=True):
    """A change that is being made: in which transaction, its number, when, and by whom."""

    connection: Connection
    number: int
    at: datetime
    actor: str


class AccessStore:
    """The keys and teams of one store, beside those of the config.

    `secret` is that of the config; where it has none, one is made once and kept in the store.
    """

    def __init__(self, store_url: str, configured: Configured, *, secret: str | None = None, timeout_s: float = 5.0):
        self.configured = configured
        self._store = Store(store_url, timeout_s=timeout_s)
        self._secret = secret.encode() if secret else None
        self._is_migrated = False

    def close(self) -> None:
        """Give the connections back."""
        self._store.close()

    def access_secret(self) -> bytes:
        """What secrets are hashed with."""
        if self._secret is None:
            self._secret = self._kept_secret()
        return self._secret

    def changed_since(self, number: int) -> Changes | None:
        """What has changed since the change of this number; None if nothing has."""
        secret = self.access_secret()
        with self.reading() as connection:
            newest = connection.execute(select(access_state.c.changes)).scalar_one()
            if newest == number:
                return None
            rows = connection.execute(_changed_keys(number)).all()
            balances = {row.key: balance_of(row) for row in connection.execute(sums(number))}
            team_rows = connection.execute(select(teams).where(teams.c.change > number)).all()
        return Changes(
            number=newest,
            access_secret=secret,
            credentials={bytes.fromhex(row.digest): _credential(row) for row in rows},
            balances=balances,
            teams={row.name: _team(row) for row in team_rows},
            ended_keys=_ended(rows),
            ended_teams=_ended(team_rows),
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction whose queries all see the same rows."""
        self._migrate()
        with self._store.reading() as connection:
            yield connection

    @contextmanager
    def change(self, actor: str) -> Iterator[Change]:
        """A transaction in which something is changed: one at a time, on all nodes."""
        self._migrate()
        with self._store.writing() as connection:
            connection.execute(update(access_state).values(changes=access_state.c.changes + 1))  # locks, as the first
            number = connection.execute(select(access_state.c.changes)).scalar_one()
            yield Change(connection, number, datetime.now(UTC), actor)

    def _kept_secret(self) -> bytes:
        kept = select(access_state.c.secret)
        with self.reading() as connection:
            secret = connection.execute(kept).scalar_one()
        if secret is None:
            made = update(access_state).where(access_state.c.secret.is_(None)).values(secret=secrets.token_hex(32))
            with self._store.writing() as connection:
                connection.execute(made)  # unless another process was faster
                secret = connection.execute(kept).scalar_one()
        return str(secret).encode()

    def _migrate(self) -> None:
        if not self._is_migrated:
            self._store.migrate()
            self._is_migrated = True


def _changed_keys(number: int) -> Select[*tuple[Any, ...]]:
    """The secrets of the keys that have changed since, with what those keys are now."""
    keys = api_keys.c.name, api_keys.c.rules, api_keys.c.revoked_at, api_keys.c.ends_streams
    joined = select(key_secrets.c.digest, key_secrets.c.valid_until, *keys).join_from(
        key_secrets, api_keys, key_secrets.c.key == api_keys.c.name
    )
    return joined.where(api_keys.c.change > number)


def _credential(row: Row[*tuple[Any, ...]]) -> Credential:
    key = api_key(row.name, msgspec.convert(row.rules, KeyRules))
    return credential_of(key, row.valid_until) if row.revoked_at is None else revoked(key)


def _team(row: Row[*tuple[Any, ...]]) -> Team:
    return team_of(row.name, msgspec.convert(row.rules, TeamRules), is_revoked=row.revoked_at is not None)


def _ended(rows: Sequence[Row[*tuple[Any, ...]]]) -> frozenset[str]:
    return frozenset(row.name for row in rows if row.revoked_at is not None and row.ends_streams)
