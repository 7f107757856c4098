"""A tool call's arguments in the two forms that some dialects lack: an object, and a custom tool's free text."""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ToolCall
from sealink.wire.raw_json.fields import Fields, parse_object, text_of

NO_ARGUMENTS: Final = ("", "null")
"""What models of Cohere's and of Groq's send for a tool without parameters, where others send {}."""

FREE_TEXT_ARGUMENT: Final = "input"
"""The one argument of a function that stands for a custom tool: the tool's free text."""


def arguments_object(call: ToolCall, where: str) -> Raw:
    """The arguments as a JSON object, for a dialect that takes no text; "" and null become {}.

    Raises InvalidRequest if they are not an object, which the free text of a custom tool's call rarely is.
    """
    arguments = call.arguments.strip()
    arguments = "{}" if arguments in NO_ARGUMENTS else arguments
    try:
        msgspec.json.decode(arguments, type=Fields)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequest(
            f"The arguments of the call of `{call.name}` are not a JSON object: {error}", param=where
        ) from error
    return Raw(arguments.encode())


def is_object(arguments: str) -> bool:
    """Whether arguments are a JSON object."""
    try:
        msgspec.json.decode(arguments, type=Fields)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def free_text(arguments: str) -> str:
    """A custom tool's free text, which an upstream that has only functions returns as their one argument.

    Arguments that are not an object with one text are returned whole.
    """
    try:
        values: list[Raw] = list(parse_object(arguments.encode()).values())
    except (ValueError, RecursionError):
        return arguments
    text = text_of(values[0]) if len(values) == 1 else None
    return arguments if text is None else text
