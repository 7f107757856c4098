"""A key's secret, which its holder has: how it is made, which part of it is shown, and what is kept of it."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "sk-sealink-"
_BYTES: Final = 32
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_SHOWN: Final = 6
"""Characters after PREFIX that are kept in clear, by which people recognise a key: 36 of 256 bits."""


def new_secret() -> str:
    """A secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def visible_prefix(secret: str) -> str:
    """The beginning of a secret that `new_secret` made, which is kept and shown."""
    return secret[: len(PREFIX) + _SHOWN]


class SecretHash:
    """HMAC-SHA-256 (RFC 2104) under one access secret. Without that nobody can even check a guess.

    The two hashes that HMAC begins with are made once: each request is spared two thirds of the time that the module
    `hmac` takes.
    """

    def __init__(self, access_secret: bytes) -> None:
        key = hashlib.sha256(access_secret).digest() if len(access_secret) > _BLOCK_BYTES else access_secret
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def digest(self, secret: str) -> bytes:
        """What is kept of a secret."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(secret.encode())
        outer.update(inner.digest())
        return outer.digest()


def digest_of(secret: str, access_secret: bytes) -> bytes:
    """What is kept of a secret."""
    return SecretHash(access_secret).digest(secret)
