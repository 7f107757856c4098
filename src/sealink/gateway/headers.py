"""The response headers that SeaLink speaks with."""

import string
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from sealink.errors import HeaderList
from sealink.policy.routing import Target
from sealink.wire.dialect import Outgoing

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


def provenance(asked_for: str, target: Target, outgoing: Outgoing, *, is_fallback: bool) -> HeaderList:
    """Where an answer comes from, and what was left out on the way there."""
    where = _where(asked_for, target.provider.name, target.model)
    fallback = [("x-sealink-fallback", "true")] if is_fallback else ()
    dropped = [("x-sealink-dropped", ", ".join(outgoing.dropped))] if outgoing.dropped else ()
    return [*where, *fallback, *dropped]


@lru_cache(maxsize=1024)
def _where(asked_for: str, provider: str, model: str) -> HeaderList:
    return (
        ("x-sealink-upstream", provider),
        ("x-sealink-original-model", _as_field_value(asked_for)),
        ("x-sealink-served-model", _as_field_value(model)),
    )


_VISIBLE: Final = string.ascii_letters + string.digits + string.punctuation


def _as_field_value(name: str) -> str:
    """A model's name as a header can carry it: a client may have asked for anything that a pattern matches."""
    return name if name.isascii() and name.isprintable() and " " not in name else quote(name, safe=_VISIBLE)
