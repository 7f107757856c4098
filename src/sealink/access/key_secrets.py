"""A key's secret, which its holder has: how it is made, which part of it is shown, and what is kept of it."""

import hmac
import secrets
from typing import Final

PREFIX: Final = "sk-sealink-"
_BYTES: Final = 32
_SHOWN: Final = 6
"""Characters after PREFIX that are kept in clear, by which people recognise a key: 36 of 256 bits."""


def new_secret() -> str:
    """A secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def visible_prefix(secret: str) -> str:
    """The beginning of a secret that `new_secret` made, which is kept and shown."""
    return secret[: len(PREFIX) + _SHOWN]


def digest_of(secret: str, access_secret: bytes) -> bytes:
    """What is kept of a secret: its HMAC-SHA-256. Without the access secret nobody can even check a guess."""
    return hmac.digest(access_secret, secret.encode(), "sha256")
