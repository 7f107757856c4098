"""The conversation: SeaLink's messages → Anthropic's `system` and `messages`.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages. All system messages are moved to the
front, as Anthropic's own OpenAI-compatible endpoint does
(https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk).
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

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
from sealink.wire.dialects.shared.claude.thinking import TurnStart, is_claude_signature
from sealink.wire.dialects.shared.media import is_text
from sealink.wire.dialects.shared.tool_arguments import FREE_TEXT_ARGUMENT, arguments_object
from sealink.wire.dialects.shared.turns import Turn, alternating_turns
from sealink.wire.dialects.shared.unsupported import unsupported

Block = dict[str, Any]

THINKING_TYPES: Final = ("thinking", "redacted_thinking")


def write_system(messages: Sequence[Message]) -> list[Block]:
    """The blocks of all system messages, in their order."""
    return [block for message in messages if message.role == "system" for block in _system_blocks(message)]


def write_turns(messages: Sequence[Message]) -> list[Turn[Block]]:
    """User and assistant alternate."""
    turns = alternating_turns(
        messages,
        write=lambda message: _blocks(message.parts, message.where),
        is_tool_result=lambda block: block["type"] == "tool_result",
    )
    _trim_prefill(turns)
    return turns


def start_of(turn: Turn[Block]) -> TurnStart:
    """How a turn begins, for the rules of thinking."""
    first = turn.content[0]["type"]
    if first in THINKING_TYPES:
        return TurnStart(turn.role, "thinking")
    return TurnStart(turn.role, "tool_result" if first == "tool_result" else "other")


def _system_blocks(message: Message) -> list[Block]:
    if not all(isinstance(part, Text) for part in message.parts):
        raise InvalidRequest(
            f"{message.where} cannot be passed on: Anthropic takes only text in a system message.", param=message.where
        )
    return _blocks(message.parts, message.where)


def _blocks(parts: Sequence[Part], where: str) -> list[Block]:
    return [block for part in parts if (block := _block(part, where)) is not None]


def _block(part: Part, where: str) -> Block | None:
    """The block of a part; None for parts that Anthropic would refuse and that can be left out."""
    match part:
        case Text(text=text) | Refusal(text=text):
            # "text content blocks must contain non-whitespace text"
            return _with_cache_control(part, {"type": "text", "text": text}) if text.strip() else None
        case Image():
            return _with_cache_control(part, {"type": "image", "source": _image_source(part)})
        case File():
            return _with_cache_control(part, _file(part, where))
        case Reasoning(text=text, signature=signature):
            if not is_claude_signature(signature):
                return None
            return {"type": "thinking", "thinking": text, "signature": signature}
        case RedactedReasoning(data=data):
            return {"type": "redacted_thinking", "data": data} if is_claude_signature(data) else None
        case ToolCall():
            block = {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part, where)}
            return _with_cache_control(part, block)
        case ToolResult():
            return _with_cache_control(part, _tool_result(part, where))
        case _:
            raise unsupported(where, "Anthropic", type(part).__name__.lower())


def _with_cache_control(part: Part, block: Block) -> Block:
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
    if is_text(file.media_type):
        return {"type": "text", "media_type": "text/plain", "data": _plain_text(file, where)}
    type = file.media_type or "unknown"
    raise unsupported(where, "Anthropic", f"a file of type {type}; it takes PDF, text and image files")


def _plain_text(file: File, where: str) -> str:
    try:
        return base64.b64decode(file.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The text file in {where} is not UTF-8 in base64: {error}", param=where) from error


def _input(call: ToolCall, where: str) -> Raw | Block:
    """A call's arguments as an object."""
    return {FREE_TEXT_ARGUMENT: call.arguments} if call.is_custom else arguments_object(call, where)


def _tool_result(result: ToolResult, where: str) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": result.call_id}
    if content := _blocks(result.content, where):
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _trim_prefill(turns: list[Turn[Block]]) -> None:
    """Anthropic refuses a prefilled answer (a last turn of the assistant's) that ends in white space."""
    if turns and turns[-1].role == "assistant" and turns[-1].content[-1]["type"] == "text":
        last = turns[-1].content[-1]
        last["text"] = last["text"].rstrip()
