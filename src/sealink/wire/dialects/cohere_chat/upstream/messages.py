"""The conversation: SeaLink's messages → Cohere's. https://docs.cohere.com/v2/docs/chat-api"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

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
from sealink.wire.dialects.cohere_chat.upstream.errors import NAME
from sealink.wire.dialects.shared.unsupported import unsupported

PLAN_SIGNATURE: Final = f"{NAME}:tool_plan"
"""The signature of thinking that is a tool plan: when it comes back, it is sent as `tool_plan` again."""

Block = dict[str, Any]


def write_messages(messages: Sequence[Message]) -> list[Block]:
    """Raises InvalidRequest naming the place of a part that Cohere does not take."""
    return [written for message in messages for written in _messages(message)]


def _messages(message: Message) -> Iterator[Block]:
    """A message becomes one or several of Cohere's: each tool result is a message of its own, and comes first."""
    for part in message.parts:
        if isinstance(part, ToolResult):
            content = _contents(part.content, message.where)
            yield {"role": "tool", "tool_call_id": part.call_id, "content": content or [{"type": "text", "text": ""}]}
    rest = [part for part in message.parts if not isinstance(part, ToolResult)]
    fields = (
        _assistant(rest, message.where) if message.role == "assistant" else {"content": _contents(rest, message.where)}
    )
    if any(fields.values()):
        yield {"role": message.role, **fields}


def _assistant(parts: Sequence[Part], where: str) -> Block:
    plans = [part.text for part in parts if isinstance(part, Reasoning) and _is_plan(part)]
    calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
    content = [part for part in parts if not _is_plan(part) and not isinstance(part, ToolCall)]
    fields = {"tool_plan": "".join(plans), "content": _contents(content, where), "tool_calls": calls}
    return {name: value for name, value in fields.items() if value}


def _is_plan(part: Part) -> bool:
    return isinstance(part, Reasoning) and part.signature == PLAN_SIGNATURE


def _call(call: ToolCall) -> Block:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _contents(parts: Sequence[Part], where: str) -> list[Block]:
    return [content for part in parts if (content := _content(part, where)) is not None]


def _content(part: Part, where: str) -> Block | None:
    """None for thinking that another vendor's model signed, which cannot be sent to Cohere."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": text}
        case Reasoning(text=text, signature=signature):
            return {"type": "thinking", "thinking": text} if text and not signature else None
        case RedactedReasoning():
            return None
        case Image(url=url, detail=detail):
            address = url or f"data:{part.media_type};base64,{part.data}"
            return {"type": "image_url", "image_url": {"url": address} | ({"detail": detail} if detail else {})}
        case File(media_type=media_type, data=data) if media_type.startswith("image/") and data:
            return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}
        case File():
            raise InvalidRequest(
                "Cohere takes no files in a message. Send their text in `documents`.",
                code="unsupported_parameter",
                param=where,
            )
    raise unsupported(where, "Cohere", type(part).__name__.lower())
