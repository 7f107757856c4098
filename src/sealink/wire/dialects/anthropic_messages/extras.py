"""Fields that no neutral one models, read as what they must be."""

from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.raw_json.fields import UNREADABLE

_NULL: Final = b"null"

_T = TypeVar("_T")


def read_extra(extras: dict[str, Raw], name: str, type: type[_T]) -> _T | None:
    """An extra field as what it must be; None where it is absent or null. Raises InvalidRequest naming it."""
    raw = extras.get(name)
    if raw is None or bytes(raw) == _NULL:
        return None
    try:
        return msgspec.json.decode(raw, type=type)
    except UNREADABLE as error:
        raise InvalidRequest(f"{name}: {error}", param=name) from error
