"""A request's text: near enough to what its tokenizer would be given to estimate the number of tokens."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Raw

from sealink.wire.raw_json.fields import UNREADABLE, Fields


def join_strings(fields: Fields, text_fields: Collection[str], skipped: Collection[str]) -> str:
    """All strings in `text_fields`, at any depth, except those in fields named in `skipped` (ids, images, …)."""
    found: list[str] = []
    for name in text_fields:
        if name in fields:
            _gather(_value(fields[name]), skipped, found)
    return "\n".join(found)


def _value(raw: Raw) -> Any:
    """A field that holds what Python has no number for counts as text: the estimate is near enough."""
    try:
        return msgspec.json.decode(raw)
    except UNREADABLE:
        return bytes(raw).decode(errors="replace")


def _gather(value: Any, skipped: Collection[str], found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, list):
        for item in value:
            _gather(item, skipped, found)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in skipped:
                _gather(item, skipped, found)
