"""The conversation: SeaLink's messages → Anthropic's `system` and `messages`.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages. System messages are hoisted
to the front wherever they stand, as Anthropic's own OpenAI-compatible endpoint does
(https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.shared.tool_arguments import arguments_object

Block = dict[str, Any]

THINKING_TYPES: Final = ("thinking", "redacted_thinking")

FREE_TEXT: Final = "input"
"""The one argument of a tool that takes free text elsewhere."""

_WIRE_ROLES: Final = {"user": "user", "tool": "user", "assistant": "assistant"}


class Turn(msgspec.Struct):
    """All that one side says before the other does."""

    role: str
    content: list[Block]


def write_system(messages: Sequence[Message]) -> list[Block]:
    """The blocks of all system messages, in their order."""
    return [block for message in messages if message.role == "system" for block in _system_blocks(message)]


def write_turns(messages: Sequence[Message]) -> list[Turn]:
    """User and assistant in turns. A message of which nothing is left takes no turn."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "system":
            continue
        role, blocks = _WIRE_ROLES[message.role], _blocks(message.parts, message.where)
        if turns and turns[-1].role == role:
            turns[-1].content += blocks
        elif blocks:
            turns.append(Turn(role, blocks))
    for turn in turns:
        turn.content.sort(key=_comes_late)
    _trim_prefill(turns)
    return turns


def _system_blocks(message: Message) -> list[Block]:
    if not all(isinstance(part, Text) for part in message.parts):
        raise InvalidRequest("Anthropic takes only text in a system message.", param=message.where)
    return _blocks(message.parts, message.where)


def _blocks(parts: Sequence[Part], where: str) -> list[Block]:
    return [block for part in parts if (block := _block(part, where)) is not None]


def _block(part: Part, where: str) -> Block | None:
    """The block of a part; None for what Anthropic refuses to be sent, and means nothing."""
    match part:
        case Text(text=text) | Refusal(text=text):
            # "text content blocks must contain non-whitespace text"
            return _marked(part, {"type": "text", "text": text}) if text.strip() else None
        case Image():
            return _marked(part, {"type": "image", "source": _image_source(part)})
        case File():
            return _marked(part, _file(part, where))
        case Reasoning(text=text, signature=signature):
            # Thinking without its signature is refused: what another vendor's model thought stays behind.
            return {"type": "thinking", "thinking": text, "signature": signature} if is_own(signature) else None
        case RedactedReasoning(data=data):
            return {"type": "redacted_thinking", "data": data} if is_own(data) else None
        case ToolCall():
            block = {"type": "tool_use", "id": _tool_id(part.id), "name": part.name, "input": _input(part, where)}
            return _marked(part, block)
        case ToolResult():
            return _marked(part, _tool_result(part, where))
        case _:
            raise InvalidRequest(
                f"Anthropic cannot be sent {type(part).__name__.lower()}.", code="unsupported_parameter", param=where
            )


def is_own(signature: str) -> bool:
    """Whether a signature is one of Anthropic's: bare base64, without the mark of another dialect."""
    return bool(signature) and ":" not in signature


def _marked(part: Part, block: Block) -> Block:
    if part.cache_control is not None:
        block["cache_control"] = part.cache_control
    return block


def _image_source(image: Image) -> Block:
    if image.url:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _file(file: File, where: str) -> Block:
    if file.media_type.startswith("image/") and file.data:
        return {"type": "image", "source": {"type": "base64", "media_type": file.media_type, "data": file.data}}
    block: Block = {"type": "document", "source": _document_source(file, where)}
    if file.filename:
        block["title"] = file.filename
    return block


def _document_source(file: File, where: str) -> Block:
    if file.file_id:
        return {"type": "file", "file_id": file.file_id}
    if file.url:
        return {"type": "url", "url": file.url}
    if file.media_type == "application/pdf":
        return {"type": "base64", "media_type": file.media_type, "data": file.data}
    if file.media_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _plain_text(file, where)}
    raise InvalidRequest(
        f"Anthropic takes PDF, text and image files, not {file.media_type or 'a file of no type'}.",
        code="unsupported_parameter",
        param=where,
    )


def _plain_text(file: File, where: str) -> str:
    try:
        return base64.b64decode(file.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The text file is not base64 of UTF-8: {error}", param=where) from error


def _input(call: ToolCall, where: str) -> Raw | Block:
    """A call's arguments as the object that Anthropic takes."""
    return {FREE_TEXT: call.arguments} if call.is_custom else arguments_object(call, where)


def _tool_result(result: ToolResult, where: str) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _tool_id(result.call_id)}
    if content := _blocks(result.content, where):
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _tool_id(id: str) -> str:
    """Other vendors' ids ("functions.Bash:0") are refused: "String should match pattern '^[a-zA-Z0-9_-]+$'"."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", id)


def _comes_late(block: Block) -> bool:
    """Tool results must come first in the turn that follows the calls."""
    return bool(block["type"] != "tool_result")


def _trim_prefill(turns: list[Turn]) -> None:
    """An answer that the model shall continue must not end in white space: that is refused."""
    if turns and turns[-1].role == "assistant" and turns[-1].content[-1]["type"] == "text":
        last = turns[-1].content[-1]
        last["text"] = last["text"].rstrip()
