"""What is sent to webhooks: events, their messages and signatures, and when they are sent again. Pure."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from sealink.webhooks.settings import secret_bytes

_DELAYS_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first attempt, the second, and so on: those that the specification gives as an example."""
_DIGEST_BYTES: Final = 16


class Event(msgspec.Struct, frozen=True):
    """Something that has happened. `id` is the same whenever it is sent: receivers know it again by that."""

    id: str
    type: str
    at: datetime
    data: dict[str, Any]

    @property
    def body(self) -> str:
        """What is posted, as JSON."""
        return msgspec.json.encode({"type": self.type, "timestamp": self.at, "data": self.data}).decode()


def event(kind: str, data: dict[str, Any], *, of: tuple[str, ...] | None = None, at: datetime | None = None) -> Event:
    """An event that happens now, unless `at` says when. `of`: what it is the only event of its type of."""
    at = at or datetime.now(UTC)
    return Event(message_id(kind, *of) if of is not None else f"msg_{secrets.token_hex(_DIGEST_BYTES)}", kind, at, data)


def message_id(*parts: str) -> str:
    """An id that is the same for the same parts."""
    text = "\0".join(parts).encode()
    return f"msg_{hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()}"


def headers_of(message: str, body: str, secret: str, now_s: int) -> dict[str, str]:
    """The headers of a message: its id, the time, and the signature of both and of the body."""
    signed = f"{message}.{now_s}.{body}".encode()
    signature = base64.b64encode(hmac.digest(secret_bytes(secret), signed, "sha256")).decode()
    return {"webhook-id": message, "webhook-timestamp": str(now_s), "webhook-signature": f"v1,{signature}"}


def delay_s(attempts: int) -> int:
    """How long after so many attempts a message is sent again."""
    return _DELAYS_S[min(attempts, len(_DELAYS_S)) - 1]
