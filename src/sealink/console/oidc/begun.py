"""A sign-in that was begun, as the browser's cookie keeps it: signed, so that only this process can have made it. Pure
but for random numbers."""

import base64
import hmac
import secrets
from typing import Final

import msgspec

_BYTES: Final = 32


class Begun(msgspec.Struct, frozen=True):
    """`state` comes back from the provider with the browser, `nonce` in its token; `code_verifier` shows that whoever
    fetches the token has begun the sign-in. `expires_at` is on the caller's clock."""

    state: str
    nonce: str
    code_verifier: str
    redirect_url: str
    next_path: str
    expires_at: float


class BegunSignIns:
    """Makes them, and knows its own again."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_BYTES)

    def begin(self, redirect_url: str, next_path: str, expires_at: float) -> Begun:
        """A new one: nothing in it can be guessed."""
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        return Begun(state, nonce, verifier, redirect_url, next_path, expires_at)

    def cookie_of(self, begun: Begun) -> str:
        """What the browser is to keep."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(begun))
        return f"{body.decode()}.{self._signature(body)}"

    def find(self, cookie: str, state: str, now: float) -> Begun | None:
        """The one that a cookie keeps; None if it is not of this state, too old, or was not made here."""
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body.encode()).encode()):
            return None
        begun = msgspec.json.decode(base64.urlsafe_b64decode(body), type=Begun)
        is_this = hmac.compare_digest(begun.state.encode(), state.encode())
        return begun if is_this and now < begun.expires_at else None

    def _signature(self, body: bytes) -> str:
        return hmac.digest(self._key, body, "sha256").hex()
