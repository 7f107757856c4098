"""Who may come in: API keys, and what each may use."""

import hashlib
import hmac
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from sealink.errors import AuthenticationError, PermissionDenied
from sealink.wire.dialect import HeartbeatShape

OnDisconnect = Literal["cancel", "drain", "detach"]
"""What a client's leaving means for its stream: it is stopped, read on for its usage, or kept to be resumed."""


class ApiKey(msgspec.Struct, frozen=True):
    """A key that clients use. Only its digest is kept; `models` are patterns, empty for all.

    `on_disconnect` and `heartbeat` are None where the model's, or the server's, setting counts. `strict`: what a
    provider cannot be told is refused, not left out.
    """

    name: str
    digest: bytes
    models: tuple[str, ...] = ()
    on_disconnect: OnDisconnect | None = None
    heartbeat: HeartbeatShape | None = None
    strict: bool = False

    def may_use(self, model: str) -> bool:
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)


def digest_of(secret: str) -> bytes:
    """What is kept of a key. Keys are long and random, so a plain hash cannot be searched back."""
    return hashlib.blake2b(secret.encode(), digest_size=32).digest()


class Keyring:
    """All keys, found by digest: what a lookup's timing could tell is about a hash, not about a key."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._by_digest = {key.digest: key for key in keys}

    def authenticate(self, headers: dict[str, str]) -> ApiKey:
        """The key that a request carries. Raises AuthenticationError when there is none that is known."""
        secret = presented_key(headers)
        if not secret:
            raise AuthenticationError(
                "No API key was sent. Send it as `Authorization: Bearer <key>` or `x-api-key: <key>`."
            )
        digest = digest_of(secret)
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest):
            raise AuthenticationError("The API key that was sent is not known here.")
        return key


def presented_key(headers: dict[str, str]) -> str:
    """The key in a request's headers, "" if there is none. Anthropic's clients send `x-api-key`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def require_model(key: ApiKey, model: str) -> None:
    """Raises PermissionDenied when the key may not use the model."""
    if not key.may_use(model):
        raise PermissionDenied(f"The key {key.name!r} may not use the model {model!r}.", param="model")
