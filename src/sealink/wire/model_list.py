"""The list of an upstream's models: how it is asked for, and what it says."""

from collections.abc import Callable
from typing import Any

import msgspec

from sealink.errors import HeaderList, UpstreamError

ReadNames = Callable[[bytes], list[str]]
"""A body → the names by which its models may be asked for. Raises UpstreamError if it is no list."""


class ModelList(msgspec.Struct, frozen=True):
    """`path` is below a provider's address, and is asked for by GET, with `headers` besides the key's."""

    path: str
    read: ReadNames
    headers: HeaderList = ()


def names_in(body: bytes, field: str, name: str) -> list[str]:
    """The text `name` of each object in the array `field`; some vendors send the array without an object around it."""
    try:
        answer: Any = msgspec.json.decode(body)
        listed = answer if isinstance(answer, list) else answer[field]
        names = [each[name] for each in listed] if isinstance(listed, list) else None
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        names = None
    if names is None or not all(isinstance(each, str) for each in names):
        raise UpstreamError("The upstream's answer is no list of models.", code="upstream_malformed")
    return names
