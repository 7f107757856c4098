"""The conversation of a chat-completion request → SeaLink's own messages.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages, and beside OpenAI's own
fields those in which SeaLink hands out a model's thinking: `thinking_blocks` (signed) and `reasoning_content`.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire import data_url
from sealink.wire.raw_json import NULL, is_null, object_of, starts_with, text_of
from sealink.wire.request_fields import missing, read_value

SIGNS_CONTENT: Final = "content"
"""What a signature in `thinking_blocks` signs that is of the answer's text; else it is a call's id."""

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
    """`signs`: what else than thinking a signature is of, "content" or a call's id."""

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


class _ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class _ImagePart(msgspec.Struct):
    image_url: _ImageUrl


class _InputAudio(msgspec.Struct):
    data: str
    format: str


class _AudioPart(msgspec.Struct):
    input_audio: _InputAudio


class _FileSource(msgspec.Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _FilePart(msgspec.Struct):
    file: _FileSource


class _TextPart(msgspec.Struct):
    text: str


class _RefusalPart(msgspec.Struct):
    refusal: str


class _PartHead(msgspec.Struct):
    type: str
    cache_control: Raw = NULL


def read_messages(raw: Raw) -> list[Message]:
    """Raises InvalidRequest, naming the place."""
    read = read_value(raw, "messages", list[Raw])
    messages: list[Message] = []
    for number, message in enumerate(read):
        where = f"messages[{number}]"
        messages.append(_message(read_value(message, where, _Message), where))
    return messages


def _message(said: _Message, where: str) -> Message:
    role = _ROLES.get(said.role)
    if role is None:
        raise InvalidRequest(f"`{where}.role` cannot be {said.role!r}.", code="invalid_value", param=f"{where}.role")
    parts = _parts(said.content, f"{where}.content")
    if role == "assistant":
        parts = _assistant_parts(said, parts, where)
    elif role == "tool":
        parts = [ToolResult(call_id=_call_id(said, where), content=parts)]
    elif said.content is None or is_null(said.content):
        raise missing(f"{where}.content")
    if parts and not is_null(said.cache_control) and parts[-1].cache_control is None:
        parts[-1].cache_control = said.cache_control
    return Message(role, parts, where)


def _assistant_parts(said: _Message, content: list[Part], where: str) -> list[Part]:
    """Thinking comes first, as it did in the model's answer; the calls come last. What was signed has its signature
    right behind it."""
    if said.audio is not None:
        raise InvalidRequest(
            "An earlier answer in audio cannot be passed on.", code="unsupported_parameter", param=f"{where}.audio"
        )
    signatures = {block.signs: block.signature or "" for block in said.thinking_blocks or () if block.signs}
    parts = [*_thinking(said, where), *content]
    if said.refusal:
        parts.append(Refusal(text=said.refusal))
    parts += _signature(signatures, SIGNS_CONTENT)
    for number, called in enumerate(said.tool_calls or ()):
        parts += [_tool_call(called, f"{where}.tool_calls[{number}]"), *_signature(signatures, called.id)]
    if (call := said.function_call) is not None:
        parts.append(ToolCall(id=_legacy_id(call.name), name=call.name, arguments=call.arguments or ""))
    return parts


def _thinking(said: _Message, where: str) -> list[Part]:
    """The signed blocks; the bare text of the thinking only where there are none."""
    if not said.thinking_blocks:
        return [Reasoning(text=said.reasoning_content)] if said.reasoning_content else []
    return [
        _thinking_block(block, f"{where}.thinking_blocks[{number}]")
        for number, block in enumerate(said.thinking_blocks)
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
        raise _unsupported(f"a call of type {call.type!r}", f"{where}.type")
    if call.function is None:
        raise missing(f"{where}.function")
    return ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments or "")


def _call_id(said: _Message, where: str) -> str:
    if said.role == "function":
        if said.name is None:
            raise missing(f"{where}.name")
        return _legacy_id(said.name)
    if said.tool_call_id is None:
        raise missing(f"{where}.tool_call_id")
    return said.tool_call_id


def _legacy_id(name: str) -> str:
    """A function call had no id: its result was matched by the function's name."""
    return f"call_{name}"


def _parts(raw: Raw | None, where: str) -> list[Part]:
    if raw is None or is_null(raw):
        return []
    if not starts_with(raw, b"["):
        return [Text(text=read_value(raw, where, str))]
    parts = read_value(raw, where, list[Raw])
    return [_part(part, f"{where}[{number}]") for number, part in enumerate(parts)]


def _part(raw: Raw, where: str) -> Part:
    head = read_value(raw, where, _PartHead)
    read = _READERS.get(head.type)
    if read is None:
        raise _unsupported(f"a part of type {head.type!r}", f"{where}.type")
    part = read(raw, where)
    part.cache_control = None if is_null(head.cache_control) else head.cache_control
    return part


def _text(raw: Raw, where: str) -> Part:
    return Text(text=read_value(raw, where, _TextPart).text)


def _refusal(raw: Raw, where: str) -> Part:
    return Refusal(text=read_value(raw, where, _RefusalPart).refusal)


def _image(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _ImagePart).image_url
    if not data_url.is_data_url(said.url):
        return Image(url=said.url, detail=said.detail or "")
    media_type, data = _inline(said.url, f"{where}.image_url.url")
    return Image(media_type=media_type, data=data, detail=said.detail or "")


def _audio(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _AudioPart).input_audio
    return Audio(format=said.format, data=said.data)


def _file(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _FilePart).file
    name, data = said.filename or "", said.file_data
    if data is None:
        if said.file_id is None:
            raise missing(f"{where}.file.file_data")
        return File(filename=name, file_id=said.file_id)
    if data.startswith(("http://", "https://")):
        return File(filename=name, url=data)
    if not data_url.is_data_url(data):  # bare base64: OpenAI takes PDF only
        return File(filename=name, media_type="application/pdf", data=data)
    media_type, data = _inline(data, f"{where}.file.file_data")
    return File(filename=name, media_type=media_type, data=data)


_READERS: Final[dict[str, Callable[[Raw, str], Part]]] = {
    "text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}


def read_picture(raw: Raw) -> tuple[str, str] | None:
    """The media type and base64 of an `image_url` part, if it has its picture inline."""
    source = object_of((object_of(raw) or {}).get("image_url")) or {}
    return data_url.read(text_of(source.get("url")) or "")


def _inline(url: str, where: str) -> tuple[str, str]:
    """A data URL's media type and base64."""
    inline = data_url.read(url)
    if inline is None:
        raise InvalidRequest(f"`{where}` must be `data:<media type>;base64,<data>`.", code="invalid_value", param=where)
    return inline


def _unsupported(what: str, where: str) -> InvalidRequest:
    return InvalidRequest(f"{what} cannot be passed on to this model.", code="unsupported_parameter", param=where)
