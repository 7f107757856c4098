"""The response headers that SeaLink speaks with."""

import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from sealink.errors import HeaderList
from sealink.policy.routing import Target
from sealink.wire.dialect import OutgoingRequest

JSON: HeaderList = (("content-type", "application/json"),)

EVENT_STREAM: HeaderList = (
    ("content-type", "text/event-stream; charset=utf-8"),
    # Proxies must neither store, compress nor buffer a stream; nginx listens to the last of these.
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
)


def identity(request_id: str) -> HeaderList:
    """The request's id, under the names that OpenAI's and Anthropic's SDKs log and under SeaLink's own."""
    return (("x-request-id", request_id), ("request-id", request_id), ("x-sealink-request-id", request_id))


def provenance(asked_for: str, target: Target, outgoing: OutgoingRequest, *, is_fallback: bool) -> HeaderList:
    """Where an answer comes from, and what was left out on the way there."""
    where = _where(_cut(asked_for), target.provider.name, _cut(target.model))
    fallback = [("x-sealink-fallback", "true")] if is_fallback else ()
    dropped = [("x-sealink-dropped", _listed(outgoing.dropped))] if outgoing.dropped else ()
    return [*where, *fallback, *dropped]


@lru_cache(maxsize=1024)
def _where(asked_for: str, provider: str, model: str) -> HeaderList:
    return (
        ("x-sealink-upstream", provider),
        ("x-sealink-original-model", _as_field_value(asked_for)),
        ("x-sealink-served-model", _as_field_value(model)),
    )


MAX_NAME_CHARS: Final = 256
"""So much of a name is told: clients and proxies refuse long headers, and a client may name anything."""
MAX_NAMES: Final = 32

_VISIBLE: Final = string.ascii_letters + string.digits + string.punctuation


def _listed(names: Sequence[str]) -> str:
    """Names of fields, as many as a header should carry."""
    more = [f"and {len(names) - MAX_NAMES} more"] if len(names) > MAX_NAMES else []
    return ", ".join([*(_as_field_value(_cut(name)) for name in names[:MAX_NAMES]), *more])


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else f"{name[:MAX_NAME_CHARS]}..."


def _as_field_value(name: str) -> str:
    """A name as a header can carry it: a client may have made up any field, or asked for any model of a pattern."""
    return name if name.isascii() and name.isprintable() and " " not in name else quote(name, safe=_VISIBLE)
