"""OpenAI's custom tools, which take free text, for upstreams that have only functions: one text is their argument.

The clients' encoders give such a function's calls back as calls of the custom tool.
"""

from typing import Final

import msgspec

from sealink.request import ChatRequest, Message, Part, Tool, ToolCall
from sealink.wire.dialects.shared.tool_arguments import FREE_TEXT_ARGUMENT
from sealink.wire.raw_json.fields import NULL, encode, to_raw
from sealink.wire.raw_json.request_fields import read_value

_SCHEMA: Final = to_raw(
    {"type": "object", "properties": {FREE_TEXT_ARGUMENT: {"type": "string"}}, "required": [FREE_TEXT_ARGUMENT]}
)


class _Format(msgspec.Struct):
    type: str = "text"
    syntax: str = ""
    definition: str = ""


def custom_tools_as_functions(request: ChatRequest) -> tuple[ChatRequest, list[str]]:
    """The request with functions only, in its earlier turns too; and the names of what was dropped for that."""
    dropped: list[str] = []
    tools = [
        as_function(tool, f"tools[{number}]", dropped) if tool.is_custom else tool
        for number, tool in enumerate(request.tools)
    ]
    messages = [_with_functions(message) for message in request.messages]
    return msgspec.structs.replace(request, tools=tools, messages=messages), dropped


def as_function(tool: Tool, where: str, dropped: list[str]) -> Tool:
    """A function in a custom tool's place. A grammar, which cannot be enforced, goes into the description."""
    format: _Format = read_value(tool.format or NULL, f"{where}.custom.format", _Format | None) or _Format()
    paragraphs = [tool.description or ""]
    if format.type == "grammar":
        dropped.append("tools.custom.format")
        paragraphs.append(f"The input must match this {format.syntax} grammar:\n\n{format.definition}")
    description = "\n\n".join(filter(None, paragraphs)) or None
    return msgspec.structs.replace(tool, description=description, parameters=_SCHEMA, is_custom=False, format=None)


def _with_functions(message: Message) -> Message:
    if not any(isinstance(part, ToolCall) and part.is_custom for part in message.parts):
        return message
    return msgspec.structs.replace(message, parts=[_call(part) for part in message.parts])


def _call(part: Part) -> Part:
    if not isinstance(part, ToolCall) or not part.is_custom:
        return part
    arguments = encode({FREE_TEXT_ARGUMENT: part.arguments}).decode()
    return msgspec.structs.replace(part, arguments=arguments, is_custom=False)
