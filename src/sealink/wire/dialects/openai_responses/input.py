"""The conversation of a Responses request → SeaLink's own messages.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input. Items are smaller than
messages: what the model said, thought and called between two words of the user's is one message of ours.
"""

from collections.abc import Callable
from typing import Final

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
from sealink.wire.dialects.openai_responses import signatures
from sealink.wire.dialects.openai_responses.signatures import CARRIED, CARRIED_REDACTED, Signature
from sealink.wire.dialects.openai_responses.tools import flat_name
from sealink.wire.raw_json import NULL, is_null, starts_with
from sealink.wire.request_fields import missing, read_value

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

_TOLD_IN_THE_ANSWER: Final = frozenset(
    {
        "code_interpreter_call",
        "file_search_call",
        "image_generation_call",
        "mcp_approval_request",
        "mcp_call",
        "mcp_list_tools",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)
"""What an upstream did by itself before it answered. Another one can make nothing of it; the answer follows."""


class _Item(msgspec.Struct, kw_only=True):
    type: str = "message"
    id: str | None = None
    role: str | None = None
    content: Raw = NULL
    summary: Raw = NULL
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    input: str | None = None
    output: Raw = NULL


class _PartHead(msgspec.Struct):
    type: str
    cache_control: Raw = NULL


class _TextPart(msgspec.Struct):
    text: str


class _RefusalPart(msgspec.Struct):
    refusal: str


class _ImagePart(msgspec.Struct):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


class _InputAudio(msgspec.Struct):
    data: str
    format: str


class _AudioPart(msgspec.Struct):
    input_audio: _InputAudio


class _FilePart(msgspec.Struct):
    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None


def read_input(raw: Raw) -> list[Message]:
    """Raises InvalidRequest, naming the field by its path (`input[2].content[0].image_url`)."""
    if not starts_with(raw, b"["):
        return [Message("user", [Text(text=read_value(raw, "input", str))], "input")]
    messages: list[Message] = []
    for number, item in enumerate(read_value(raw, "input", list[Raw])):
        where = f"input[{number}]"
        role, parts = _read_item(read_value(item, where, _Item), where)
        if role in ("assistant", "tool") and messages and messages[-1].role == role:
            messages[-1].parts += parts
        elif parts:
            messages.append(Message(role, parts, where))
    return messages


def _read_item(item: _Item, where: str) -> tuple[Role, list[Part]]:
    match item.type:
        case "message":
            return _message(item, where)
        case "reasoning":
            return "assistant", [_reasoning(item, where)]
        case "function_call" | "custom_tool_call":
            return "assistant", [_call(item, where)]
        case "function_call_output" | "custom_tool_call_output":
            return "tool", [ToolResult(call_id=_call_id(item, where), content=_parts(item.output, f"{where}.output"))]
    if item.type in _TOLD_IN_THE_ANSWER:
        return "assistant", []
    raise _unsupported(f"an item of type {item.type!r}", f"{where}.type")


def _message(item: _Item, where: str) -> tuple[Role, list[Part]]:
    if item.role is None:
        raise missing(f"{where}.role")
    role = _ROLES.get(item.role)
    if role is None:
        raise InvalidRequest(f"`{where}.role` cannot be {item.role!r}.", code="invalid_value", param=f"{where}.role")
    return role, _parts(item.content, f"{where}.content")


def _reasoning(item: _Item, where: str) -> Part:
    """What the model thought, with what it takes to send it back to the one whose thinking it is."""
    encrypted = item.encrypted_content or ""
    if encrypted.startswith(CARRIED_REDACTED):
        return RedactedReasoning(data=encrypted.removeprefix(CARRIED_REDACTED))
    text = _thought(item.summary, f"{where}.summary") or _thought(item.content, f"{where}.content")
    if encrypted.startswith(CARRIED):
        return Reasoning(text=text, signature=encrypted.removeprefix(CARRIED))
    own = signatures.written(Signature(item.id or "", encrypted)) if encrypted else ""
    return Reasoning(text=text, signature=own)


def _thought(raw: Raw, where: str) -> str:
    parts = read_value(raw, where, list[_TextPart] | None) or []
    return "".join(part.text for part in parts)


def _call(item: _Item, where: str) -> ToolCall:
    if not item.name:
        raise missing(f"{where}.name")
    name, is_custom = flat_name(item.namespace, item.name), item.type == "custom_tool_call"
    arguments = item.input if is_custom else item.arguments
    return ToolCall(id=_call_id(item, where), name=name, arguments=arguments or "", is_custom=is_custom)


def _call_id(item: _Item, where: str) -> str:
    if not item.call_id:
        raise missing(f"{where}.call_id")
    return item.call_id


def _parts(raw: Raw, where: str) -> list[Part]:
    if is_null(raw):
        raise missing(where)
    if not starts_with(raw, b"["):
        return [Text(text=read_value(raw, where, str))]
    return [_part(part, f"{where}[{number}]") for number, part in enumerate(read_value(raw, where, list[Raw]))]


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
    said = read_value(raw, where, _ImagePart)
    if said.image_url is None:
        raise (
            missing(f"{where}.image_url")
            if said.file_id is None
            else _unsupported("an image by its id", f"{where}.file_id")
        )
    if not data_url.is_data_url(said.image_url):
        return Image(url=said.image_url, detail=said.detail or "")
    media_type, data = _inline(said.image_url, f"{where}.image_url")
    return Image(media_type=media_type, data=data, detail=said.detail or "")


def _audio(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _AudioPart).input_audio
    return Audio(format=said.format, data=said.data)


def _file(raw: Raw, where: str) -> Part:
    said = read_value(raw, where, _FilePart)
    name = said.filename or ""
    if said.file_data is None:
        if said.file_url is None and said.file_id is None:
            raise missing(f"{where}.file_data")
        return File(filename=name, url=said.file_url or "", file_id=said.file_id or "")
    if not data_url.is_data_url(said.file_data):  # bare base64: OpenAI takes it for PDF
        return File(filename=name, media_type="application/pdf", data=said.file_data)
    media_type, data = _inline(said.file_data, f"{where}.file_data")
    return File(filename=name, media_type=media_type, data=data)


_READERS: Final[dict[str, Callable[[Raw, str], Part]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_audio": _audio,
    "input_file": _file,
}


def _inline(url: str, where: str) -> tuple[str, str]:
    inline = data_url.read(url)
    if inline is None:
        raise InvalidRequest(f"`{where}` must be `data:<media type>;base64,<data>`.", code="invalid_value", param=where)
    return inline


def _unsupported(what: str, where: str) -> InvalidRequest:
    return InvalidRequest(f"{what} cannot be passed on to this model.", code="unsupported_parameter", param=where)
