"""Free text that a custom tool takes, where an upstream has only functions: they get it as their one argument."""

from msgspec import Raw

from sealink.wire.raw_json.fields import parse_object, text_of


def free_text(arguments: str) -> str:
    """The one text of these arguments; all of them if they are no such object."""
    try:
        values: list[Raw] = list(parse_object(arguments.encode()).values())
    except (ValueError, RecursionError):
        return arguments
    text = text_of(values[0]) if len(values) == 1 else None
    return arguments if text is None else text
