"""A tool call's arguments, for the dialects that have them as an object and not as text."""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ToolCall
from sealink.wire.raw_json.fields import Fields

NO_ARGUMENTS: Final = ("", "null")
"""What models of Cohere's and of Groq's call a tool with that takes none, where others say {}."""


def arguments_object(call: ToolCall, where: str) -> Raw:
    """The arguments as the client sent them. A tool without parameters may have been called with "" or null.

    Raises InvalidRequest if they are no JSON object, as the free text of a custom tool's call mostly is not.
    """
    arguments = call.arguments.strip()
    arguments = "{}" if arguments in NO_ARGUMENTS else arguments
    try:
        msgspec.json.decode(arguments, type=Fields)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequest(
            f"The arguments of the call of {call.name} are not a JSON object: {error}", param=where
        ) from error
    return Raw(arguments.encode())
