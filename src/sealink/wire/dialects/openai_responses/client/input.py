"""The `input` of a Responses request → SeaLink's own messages.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input. Items are smaller than
messages: consecutive items of the model's (text, thinking, tool calls) become one message.
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    File,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.openai_responses.client.tools import TOOL_SEARCH, ReadTools, flat_name
from sealink.wire.dialects.openai_responses.signatures import FOREIGN, FOREIGN_REDACTED, Signature, write_signature
from sealink.wire.dialects.shared import media
from sealink.wire.dialects.shared.openai_request import (
    PartReader,
    image_at,
    inline_file,
    read_audio,
    read_content,
    read_refusal,
    read_text,
)
from sealink.wire.raw_json.fields import NULL, is_null, starts_with, text_of
from sealink.wire.raw_json.request_fields import missing, read_value, untranslatable

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

_LEFT_OUT: Final = frozenset(
    {
        "additional_tools",
        "code_interpreter_call",
        "file_search_call",
        "ghost_snapshot",
        "image_generation_call",
        "mcp_approval_request",
        "mcp_call",
        "mcp_list_tools",
        "web_search_call",
    }
)
"""Items that are no part of the conversation for another upstream: tools that an upstream ran itself, whose results
are in the message that follows, declarations of tools, which are read with `tools`, and Codex's own notes."""

_ACTIONS: Final = {
    "local_shell_call": "action",
    "shell_call": "action",
    "computer_call": "action",
    "apply_patch_call": "operation",
}
"""Calls of OpenAI's own tools that the client has run, by the field that says what for."""


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
    arguments: Raw = NULL
    input: str | None = None
    output: Raw = NULL
    execution: str | None = None
    tools: Raw = NULL
    action: Raw = NULL
    operation: Raw = NULL


class _TextPart(msgspec.Struct):
    text: str


class _ImagePart(msgspec.Struct):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


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
        case "tool_search_call" | "tool_search_output" if not item.call_id or item.execution == "server":
            return "assistant", []
        case "tool_search_call":
            arguments = "{}" if is_null(item.arguments) else bytes(item.arguments).decode()
            return "assistant", [ToolCall(id=item.call_id or "", name=TOOL_SEARCH, arguments=arguments)]
        case "tool_search_output":
            return "tool", [ToolResult(call_id=item.call_id or "", content=[_found(item, where)])]
        case "local_shell_call" | "shell_call" | "computer_call" | "apply_patch_call":
            return "assistant", [_action(item, where)]
        case "local_shell_call_output" | "shell_call_output" | "computer_call_output" | "apply_patch_call_output":
            return "tool", [ToolResult(call_id=_action_id(item, where), content=[_outcome(item, where)])]
    if item.type in _LEFT_OUT:
        return "assistant", []
    raise untranslatable(f"an item of type {item.type!r}", f"{where}.type")


def _message(item: _Item, where: str) -> tuple[Role, list[Part]]:
    if item.role is None:
        raise missing(f"{where}.role")
    role = _ROLES.get(item.role)
    if role is None:
        roles = ", ".join(_ROLES)
        raise InvalidRequest(
            f"`{where}.role` must be one of {roles}, not {item.role!r}.", code="invalid_value", param=f"{where}.role"
        )
    return role, _parts(item.content, f"{where}.content")


def _reasoning(item: _Item, where: str) -> Part:
    """A model's thinking, with the signature that sends it back to that model's dialect."""
    encrypted = item.encrypted_content or ""
    if encrypted.startswith(FOREIGN_REDACTED):
        return RedactedReasoning(data=encrypted.removeprefix(FOREIGN_REDACTED))
    text = _thought(item.summary, f"{where}.summary") or _thought(item.content, f"{where}.content")
    if encrypted.startswith(FOREIGN):
        return Reasoning(text=text, signature=encrypted.removeprefix(FOREIGN))
    own = write_signature(Signature(item.id or "", encrypted)) if encrypted else ""
    return Reasoning(text=text, signature=own)


def _thought(raw: Raw, where: str) -> str:
    return "".join(part.text for part in read_value(raw, where, list[_TextPart] | None) or ())


def _call(item: _Item, where: str) -> ToolCall:
    if not item.name:
        raise missing(f"{where}.name")
    name, is_custom = flat_name(item.namespace, item.name), item.type == "custom_tool_call"
    arguments = item.input if is_custom else read_value(item.arguments, f"{where}.arguments", str | None)
    return ToolCall(id=_call_id(item, where), name=name, arguments=arguments or "", is_custom=is_custom)


def _action(item: _Item, where: str) -> ToolCall:
    """The call of a tool that has a type of its own, as of a function of that name."""
    field = item.action if _ACTIONS[item.type] == "action" else item.operation
    arguments = "{}" if is_null(field) else bytes(field).decode()
    return ToolCall(id=_action_id(item, where), name=item.type.removesuffix("_call"), arguments=arguments)


def _action_id(item: _Item, where: str) -> str:
    """The output of a `local_shell_call` has the call's id as its own `id`, and no `call_id`."""
    return item.id if item.id and not item.call_id else _call_id(item, where)


def _outcome(item: _Item, where: str) -> Part:
    """What came of it: a text, or an object for each command, as JSON; of a computer's action a picture of its
    screen."""
    if item.type == "computer_call_output":
        return _image(item.output, f"{where}.output")
    return Text(text="" if is_null(item.output) else text_of(item.output) or bytes(item.output).decode())


def _found(item: _Item, where: str) -> Part:
    """The result of a search for tools: the names that the model can call them by."""
    found = ReadTools()
    if not is_null(item.tools):
        for number, raw in enumerate(read_value(item.tools, f"{where}.tools", list[Raw])):
            found.add(raw, f"{where}.tools[{number}]")
    return Text(text="\n".join(tool.name for tool in found.own) or "No tools were found.")


def _call_id(item: _Item, where: str) -> str:
    if not item.call_id:
        raise missing(f"{where}.call_id")
    return item.call_id


def _parts(raw: Raw, where: str) -> list[Part]:
    if is_null(raw):
        raise missing(where)
    return read_content(raw, where, _READERS)


def _image(raw: Raw, where: str) -> Part:
    part = read_value(raw, where, _ImagePart)
    if part.image_url is not None:
        return image_at(part.image_url, part.detail, f"{where}.image_url")
    if part.file_id is not None:
        raise untranslatable("an image by its id", f"{where}.file_id")
    raise missing(f"{where}.image_url")


def _file(raw: Raw, where: str) -> Part:
    part = read_value(raw, where, _FilePart)
    name = part.filename or ""
    if part.file_data is not None:
        return inline_file(name, part.file_data, f"{where}.file_data")
    if part.file_url is None and part.file_id is None:
        raise missing(f"{where}.file_data")
    if part.file_url is not None and part.file_id is None:
        return media.linked_file(part.file_url, filename=name)
    return File(filename=name, url=part.file_url or "", file_id=part.file_id or "")


_READERS: Final[dict[str, PartReader]] = {
    "input_text": read_text,
    "output_text": read_text,
    "text": read_text,
    "refusal": read_refusal,
    "input_image": _image,
    "input_audio": read_audio,
    "input_file": _file,
}
