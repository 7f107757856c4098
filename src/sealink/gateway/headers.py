"""Response headers of answers by a model: those of streams, and where the answer comes from."""

import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from sealink.errors import HeaderList
from sealink.net.header_lines import HeaderLines, header_lines
from sealink.policy.routing import Target
from sealink.wire.dialect import OutgoingRequest

EVENT_STREAM: HeaderList = (
    ("content-type", "text/event-stream; charset=utf-8"),
    # Proxies must neither store, compress nor buffer a stream; nginx listens to the last of these.
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
)


def provenance(model: str, target: Target, outgoing: OutgoingRequest, *, is_fallback: bool) -> HeaderList:
    """Where an answer comes from, and what was done otherwise than the client has asked."""
    return [*_source(model, target.provider.name, target.model), *departures(outgoing, is_fallback=is_fallback)]


def departures(outgoing: OutgoingRequest, *, is_fallback: bool) -> HeaderList:
    """Whether an answer is not the first target's, and which parameters were dropped from the request."""
    if not is_fallback and not outgoing.dropped:
        return ()
    fallback = [("x-sealink-fallback", "true")] if is_fallback else ()
    dropped = [("x-sealink-dropped", _listed(outgoing.dropped))] if outgoing.dropped else ()
    return [*fallback, *dropped]


@lru_cache(maxsize=1024)
def source_lines(content: HeaderList, model: str, provider: str, served: str) -> HeaderLines:
    """What all answers of a model by one target have: the headers of its `content`, and where it comes from."""
    return header_lines([*content, *_source(model, provider, served)])


def requested(model: str) -> HeaderList:
    """What an error tells where no target was asked: the model that the request names."""
    return [("x-sealink-original-model", _as_field_value(_cut(model)))]


def asked(target: Target, outgoing: OutgoingRequest, *, is_fallback: bool) -> HeaderList:
    """What an error tells besides: the target that has failed, and what it was asked without."""
    return provenance("", target, outgoing, is_fallback=is_fallback)[1:]


def _source(requested: str, provider: str, served: str) -> HeaderList:
    return (
        ("x-sealink-original-model", _as_field_value(_cut(requested))),
        ("x-sealink-upstream", provider),
        ("x-sealink-served-model", _as_field_value(_cut(served))),
    )


MAX_NAME_CHARS: Final = 256
"""Longer names are cut: clients and proxies refuse long headers, and a client may ask for any name."""
MAX_NAMES: Final = 32

_VISIBLE: Final = string.ascii_letters + string.digits + string.punctuation


def _listed(names: Sequence[str]) -> str:
    """Names of fields, at most MAX_NAMES of them."""
    more = [f"and {len(names) - MAX_NAMES} more"] if len(names) > MAX_NAMES else []
    return ", ".join([*(_as_field_value(_cut(name)) for name in names[:MAX_NAMES]), *more])


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else f"{name[:MAX_NAME_CHARS]}..."


def _as_field_value(name: str) -> str:
    """A name as a header can carry it, percent-encoded if need be: field and model names are the client's to choose."""
    return name if name.isascii() and name.isprintable() and " " not in name else quote(name, safe=_VISIBLE)
