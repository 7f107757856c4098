"""The keys that are in force in this process."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from sealink.access.configured import Configured
from sealink.access.credential import Balance, Changes, Credential, credential_of
from sealink.access.key_secrets import SecretHash
from sealink.access.keys import ApiKey, Team
from sealink.errors import AuthenticationError, ServiceUnavailable
from sealink.policy.auth import presented_key

_SECRET_BYTES: Final = 32
MAX_RECENT: Final = 1024


class _Credentials(msgspec.Struct):
    """Credentials by the digests of their secrets under one access secret.

    `recent`: the last of them to be used, at most MAX_RECENT, by the secrets themselves: a digest takes longer than all
    the rest of a lookup. When anything changes, another dict takes its place.
    """

    access_secret: bytes
    digest: Callable[[str], bytes]
    configured: dict[bytes, Credential]
    stored: dict[bytes, Credential]
    recent: dict[str, Credential] = {}


class Keyring:
    """The keys in force: those of the config, and those of the store as far as this process knows them.

    Another thread may call `learn` and `configure`; requests that are already admitted keep their record. How long a
    lookup takes can tell something about a digest only, never about a secret. While `is_complete` is False, the keys of
    the store are not known yet.
    """

    def __init__(self, configured: Configured, *, is_complete: bool = True) -> None:
        self.is_complete = is_complete
        self.teams: dict[str, Team] = {}
        self.balances: Mapping[str, Balance] = {}
        self._configured = configured
        self._stored_teams: dict[str, Team] = {}
        self._credentials = self._digested(secrets.token_bytes(_SECRET_BYTES), {})
        self._merge_teams()

    def configure(self, configured: Configured) -> None:
        """Put the keys and teams of another config in force, instead of those before."""
        self._configured = configured
        self._credentials = self._digested(self._credentials.access_secret, self._credentials.stored)
        self._merge_teams()

    def learn(self, changes: Changes) -> None:
        """What has changed in the store, the first time all of it."""
        if changes.access_secret != self._credentials.access_secret:
            self._credentials = self._digested(changes.access_secret, {})
        self._stored_teams.update(changes.teams)
        self.balances = {**self.balances, **changes.balances}
        self._merge_teams()
        self._credentials.stored.update(changes.credentials)
        self._credentials.recent = {}  # after the change: see _find
        self.is_complete = True

    def authenticate(self, headers: dict[str, str]) -> ApiKey:
        """The key that a request is sent with. Raises AuthenticationError if there is none, or none in force."""
        secret = presented_key(headers)
        if not secret:
            raise AuthenticationError(
                "No API key was sent. Send it as `Authorization: Bearer <key>` or `x-api-key: <key>`."
            )
        credential = self._find(secret)
        if credential is None:
            raise self._unknown()
        if credential.valid_until is not None and credential.valid_until <= time.time():
            raise AuthenticationError(credential.ended)
        key = credential.key
        if key.team in self._revoked_teams:
            raise AuthenticationError(f"The API key {key.name!r} is of the team {key.team!r}, which was revoked.")
        return key

    def in_force(self) -> list[ApiKey]:
        """All keys, once each."""
        now_s = time.time()
        return self._keys(lambda each: each.valid_until is None or each.valid_until > now_s)

    def known(self) -> list[ApiKey]:
        """The same, and those that were in force."""
        return self._keys(lambda _: True)

    def _keys(self, are_meant: Callable[[Credential], bool]) -> list[ApiKey]:
        credentials = self._credentials
        known = [*credentials.stored.values(), *credentials.configured.values()]
        return list({each.key.name: each.key for each in known if are_meant(each)}.values())

    def key_named(self, name: str) -> ApiKey | None:
        """A key that is in force, or was. It is searched for: not for each request."""
        configured = self._configured.keys.get(name)
        if configured is not None:
            return configured.key
        stored = self._credentials.stored.values()
        return next((each.key for each in stored if each.key.name == name), None)

    def hidden_by_config(self, changes: Changes) -> set[str]:
        """The names of keys that are not in force because the config has keys of these names."""
        return {credential.key.name for credential in changes.credentials.values()} & self._configured.keys.keys()

    def _find(self, secret: str) -> Credential | None:
        """A credential. What `learn` changes meanwhile, in its thread, does not get into the new `recent`: that is
        taken before the look, and replaced after the change."""
        credentials = self._credentials
        recent = credentials.recent
        found = recent.get(secret)
        if found is None and (found := self._look_up(credentials, secret)) is not None:
            if len(recent) >= MAX_RECENT:
                recent.clear()
            recent[secret] = found
        return found

    def _look_up(self, credentials: _Credentials, secret: str) -> Credential | None:
        digest = credentials.digest(secret)
        stored = credentials.stored.get(digest)
        if stored is not None and stored.key.name not in self._configured.keys:
            return stored
        return credentials.configured.get(digest)

    def _unknown(self) -> AuthenticationError | ServiceUnavailable:
        if self.is_complete:
            return AuthenticationError("The API key that was sent is not known here.")
        return ServiceUnavailable("The keys cannot be read from the store now.", code="store_unavailable")

    def _digested(self, access_secret: bytes, stored: dict[bytes, Credential]) -> _Credentials:
        """The config's credentials under an access secret, beside those of the store under the same."""
        digest = SecretHash(access_secret).digest
        configured = {digest(each.secret): credential_of(each.key) for each in self._configured.key_list}
        return _Credentials(access_secret, digest, configured, stored)

    def _merge_teams(self) -> None:
        self.teams = {**self._stored_teams, **{name: each.team for name, each in self._configured.teams.items()}}
        self._revoked_teams = {name for name, team in self.teams.items() if team.is_revoked}
