"""[[webhooks]]: where events are sent."""

import base64
import binascii
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from sealink.amounts import Seconds, Size

EventType = Literal[
    "usage.created",
    "key.created",
    "key.rotated",
    "key.expiring",
    "key.revoked",
    "budget.warning",
    "budget.exhausted",
    "balance.low",
    "target.down",
    "target.up",
]
"""What can happen."""
TYPES: Final[tuple[str, ...]] = get_args(EventType)
_SECRET: Final = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64
"""Of a secret: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[[webhooks]]: an endpoint that is told of events, by https://www.standardwebhooks.com."""

    url: str
    """Where they are posted to, by https or http. Redirects are not followed."""
    secret: str
    """What they are signed with: `whsec_` and the base64 of 24 to 64 random bytes."""
    events: tuple[str, ...] = ("*",)
    """Patterns of the events that it wants: `usage.created`, `key.created`, `key.rotated`, `key.expiring`,
    `key.revoked`, `budget.warning`, `budget.exhausted`, `balance.low`, `target.down`, `target.up`."""
    timeout_s: Seconds = 10.0
    """How long it may take to answer. Any answer of 200 to 299 is taken for a receipt."""
    max_attempts: Size = 10
    """How often a message is sent before it is a dead letter: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h,
    14 h, 20 h and, again and again, 24 h."""

    def wants(self, event: str) -> bool:
        """Whether it is sent events of a type."""
        return any(fnmatchcase(event, pattern) for pattern in self.events)


def secret_bytes(secret: str) -> bytes:
    """What a secret stands for. Raises ValueError."""
    try:
        decoded = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        decoded = b""
    if not secret.startswith(_SECRET) or not _LEAST_BYTES <= len(decoded) <= _MOST_BYTES:
        raise ValueError(f"it must be {_SECRET} and the base64 of {_LEAST_BYTES} to {_MOST_BYTES} random bytes")
    return decoded


def wrong_webhook(webhook: WebhookSettings) -> Iterator[tuple[str, str]]:
    """The fields of an endpoint that cannot work, and why."""
    try:
        parts = urlsplit(webhook.url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        yield "url", "url: it is not an http(s) URL"
    try:
        secret_bytes(webhook.secret)
    except ValueError as error:
        yield "secret", f"secret: {error}"
    for pattern in webhook.events:
        if not any(fnmatchcase(name, pattern) for name in TYPES):
            yield "events", f"events: no event is {pattern!r}; there are {', '.join(TYPES)}"
