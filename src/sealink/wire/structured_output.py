"""Whether a request asks for structured output, by the few fields that say so, in the forms of all clients' APIs.

`parse_request` reads these fields too, and refuses what is wrong in them. This is asked of every request: it reads no
more than it needs, and takes what cannot be read for nothing.
"""

from typing import Final

from msgspec import Raw

from sealink.request import StructuredOutput
from sealink.wire.raw_json.fields import object_of, text_of

_FORCING: Final = frozenset({"required", "any", "tool", "function", "custom"})
"""Modes of choosing, and what a tool is called that is chosen by its name. Those that the upstream runs itself are not
among them: a text follows what they have found."""


def read_structured_output(format: Raw | None, *choices: Raw | None) -> StructuredOutput | None:
    """`format` is the object whose `type` says what the answer is to look like; one that only the vendor knows is some
    grammar. `choices`: what tool is to be called, under each of the names that it has."""
    if format is not None and text_of((object_of(format) or {}).get("type")) not in (None, "text"):
        return "json"
    return "call" if any(map(_forces_call, choices)) else None


def _forces_call(choice: Raw | None) -> bool:
    mode = text_of(choice)
    if mode is not None or choice is None:
        return mode in _FORCING
    fields = object_of(choice) or {}
    kind = text_of(fields.get("type"))
    if kind == "allowed_tools":
        return text_of((object_of(fields.get("allowed_tools")) or fields).get("mode")) in _FORCING
    return kind in _FORCING or (kind is None and bool(fields.keys() & {"name", "function"}))
