"""The conversation of a chat-completion request → SeaLink's own messages.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages, and beside OpenAI's own
fields those in which SeaLink returns a model's thinking: `thinking_blocks` (signed) and `reasoning_content`.
"""

from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Role,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.openai_chat.client.parts import READERS
from sealink.wire.dialects.shared.openai_request import read_content
from sealink.wire.raw_json.fields import NULL, is_null
from sealink.wire.raw_json.request_fields import missing, read_value, untranslatable

SIGNS_CONTENT: Final = "content"
"""`signs` of a signature in `thinking_blocks` that is for the answer's text; for a tool call it is the call's id."""

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",  # what `tool` was before November 2023
}


class _FunctionCall(msgspec.Struct):
    name: str
    arguments: str | None = None


class _CustomCall(msgspec.Struct):
    name: str
    input: str | None = None


class _ToolCall(msgspec.Struct):
    id: str
    function: _FunctionCall | None = None
    custom: _CustomCall | None = None
    type: str = "function"


class _ThinkingBlock(msgspec.Struct):
    """`signs`: what the signature is for if not for thinking, "content" or a call's id."""

    type: Literal["thinking", "redacted_thinking"]
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    signs: str | None = None


class _Message(msgspec.Struct, kw_only=True):
    role: str
    content: Raw = NULL
    name: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: _FunctionCall | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[_ThinkingBlock] | None = None
    audio: dict[str, Raw] | None = None
    cache_control: Raw = NULL


def read_messages(raw: Raw) -> list[Message]:
    """Raises InvalidRequest, naming the place."""
    read = read_value(raw, "messages", list[Raw])
    messages: list[Message] = []
    for number, message in enumerate(read):
        where = f"messages[{number}]"
        messages.append(_message(read_value(message, where, _Message), where))
    return messages


def _message(message: _Message, where: str) -> Message:
    role = _ROLES.get(message.role)
    if role is None:
        raise InvalidRequest(
            f"`{where}.role` must be one of {', '.join(_ROLES)}, not {message.role!r}.",
            code="invalid_value",
            param=f"{where}.role",
        )
    lacks_content = is_null(message.content)
    parts = [] if lacks_content else read_content(message.content, f"{where}.content", READERS)
    if role == "assistant":
        parts = _assistant_parts(message, parts, where)
    elif role == "tool":
        parts = [ToolResult(call_id=_call_id(message, where), content=parts)]
    elif lacks_content:
        raise missing(f"{where}.content")
    if parts and not is_null(message.cache_control) and parts[-1].cache_control is None:
        parts[-1].cache_control = message.cache_control
    return Message(role, parts, where)


def _assistant_parts(message: _Message, content: list[Part], where: str) -> list[Part]:
    """Thinking comes first, as in the model's answer, and calls last. A signature comes right after what it signs."""
    if message.audio is not None:
        raise untranslatable("an earlier answer in audio", f"{where}.audio")
    signatures = {block.signs: block.signature or "" for block in message.thinking_blocks or () if block.signs}
    parts = [*_thinking(message, where), *content]
    if message.refusal:
        parts.append(Refusal(text=message.refusal))
    parts += _signature(signatures, SIGNS_CONTENT)
    for number, called in enumerate(message.tool_calls or ()):
        parts += [_tool_call(called, f"{where}.tool_calls[{number}]"), *_signature(signatures, called.id)]
    if (call := message.function_call) is not None:
        parts.append(ToolCall(id=_legacy_id(call.name), name=call.name, arguments=call.arguments or ""))
    return parts


def _thinking(message: _Message, where: str) -> list[Part]:
    """The signed blocks; the plain text of the reasoning only if there are none."""
    if not message.thinking_blocks:
        return [Reasoning(text=message.reasoning_content)] if message.reasoning_content else []
    return [
        _thinking_block(block, f"{where}.thinking_blocks[{number}]")
        for number, block in enumerate(message.thinking_blocks)
        if not block.signs
    ]


def _signature(signatures: dict[str, str], of: str) -> list[Part]:
    return [Reasoning(signature=signatures[of])] if signatures.get(of) else []


def _thinking_block(block: _ThinkingBlock, where: str) -> Part:
    if block.type == "thinking":
        return Reasoning(text=block.thinking or "", signature=block.signature or "")
    if block.data is None:
        raise missing(f"{where}.data")
    return RedactedReasoning(data=block.data)


def _tool_call(call: _ToolCall, where: str) -> ToolCall:
    if call.type == "custom":
        if call.custom is None:
            raise missing(f"{where}.custom")
        return ToolCall(id=call.id, name=call.custom.name, arguments=call.custom.input or "", is_custom=True)
    if call.type != "function":
        raise untranslatable(f"a call of type {call.type!r}", f"{where}.type")
    if call.function is None:
        raise missing(f"{where}.function")
    return ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments or "")


def _call_id(message: _Message, where: str) -> str:
    if message.role == "function":
        if message.name is None:
            raise missing(f"{where}.name")
        return _legacy_id(message.name)
    if message.tool_call_id is None:
        raise missing(f"{where}.tool_call_id")
    return message.tool_call_id


def _legacy_id(name: str) -> str:
    """A function call had no id: its result was matched by the function's name."""
    return f"call_{name}"
