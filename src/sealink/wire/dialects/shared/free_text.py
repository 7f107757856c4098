"""Custom tools, which take free text, for upstreams that have only functions: the text is the one argument."""

from typing import Final

from msgspec import Raw

from sealink.wire.raw_json.fields import parse_object, text_of

FREE_TEXT_ARGUMENT: Final = "input"
"""The name of that argument."""


def free_text(arguments: str) -> str:
    """The text of the one argument; the arguments as they are if they are anything else than an object of one text."""
    try:
        values: list[Raw] = list(parse_object(arguments.encode()).values())
    except (ValueError, RecursionError):
        return arguments
    text = text_of(values[0]) if len(values) == 1 else None
    return arguments if text is None else text
