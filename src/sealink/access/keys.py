"""A key's record: its name, what is kept of its secret, and its rules."""

import hashlib
from typing import Literal

import msgspec

from sealink.amounts import Count
from sealink.policy.routing import OnDisconnect
from sealink.wire.dialect import HeartbeatShape


class KeyRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do, and how its requests are treated: the optional fields of a [[keys]] table."""

    models: tuple[str, ...] = ()
    """Patterns of the models that the key may use; empty: all."""
    requests_per_minute: Count | None = None
    """Requests that may begin in a minute."""
    tokens_per_minute: Count | None = None
    """Tokens, of prompts and answers together."""
    concurrent_streams: Count | None = None
    """Streams that may be open at once."""
    budget_usd: float | None = None
    """How much requests may cost in a `budget_period`, at the price, markup included."""
    budget_period: Literal["day", "month", "total"] | None = None
    """`day` and `month`: those of UTC. `total`, the default: for all time."""
    on_disconnect: OnDisconnect | None = None
    """What becomes of a stream whose client leaves. `cancel`, the default: it is stopped. `drain`: it is read on, for
    its usage, as far as [drain] allows. `detach`: it goes on and is kept, as [detach] says, so that its client can
    resume it. A model may say it too; the key's setting wins."""
    heartbeat: HeartbeatShape | None = None
    """The shape for clients that need another one than [heartbeat] says: `comment`, `chunk` or `off`."""
    usage_extras: bool = False
    """Tell the client the price of each answer: in the header `x-sealink-cost-usd`, and in the field `sealink` of a
    stream's last chunk. Absent where it is not known."""
    strict: bool = False
    """Refuse a request with a parameter that the provider does not support, instead of dropping the parameter and
    listing it in `x-sealink-dropped`. A single request asks for it by the header `x-sealink-strict: true`."""


class ApiKey(KeyRules, frozen=True, kw_only=True):
    """A key that clients use. Of its secret only the digest is kept."""

    name: str
    digest: bytes


def api_key(name: str, secret: str, rules: KeyRules) -> ApiKey:
    """The record of a key."""
    fields = {field: getattr(rules, field) for field in KeyRules.__struct_fields__}
    return ApiKey(name=name, digest=digest_of(secret), **fields)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret. Secrets are long and random, so that a plain hash cannot be reversed by guessing."""
    return hashlib.blake2b(secret.encode(), digest_size=32).digest()
