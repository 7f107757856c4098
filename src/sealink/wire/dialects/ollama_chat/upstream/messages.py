"""The conversation: SeaLink's messages → Ollama's, whose content is one string, with images in a list beside it."""

from collections.abc import Iterator, Sequence
from typing import Any

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
from sealink.wire.dialects.shared.unsupported import unsupported


def write_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Raises InvalidRequest naming the place of a part that Ollama does not take."""
    tools = {
        part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)
    }  # a result is matched to its call by the tool's name
    return [written for message in messages for written in _messages(message, tools)]


def _messages(message: Message, tools: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A message becomes one or several of Ollama's: each tool result is a message of its own, and comes first."""
    for part in message.parts:
        if isinstance(part, ToolResult):
            named = {"tool_name": tools.get(part.call_id, ""), "tool_call_id": part.call_id}
            yield {"role": "tool", **_fields(part.content, message), **named}
    if rest := [part for part in message.parts if not isinstance(part, ToolResult)]:
        yield {"role": message.role, **_fields(rest, message)}


def _fields(parts: Sequence[Part], message: Message) -> dict[str, Any]:
    """The parts of a message by kind. An assistant's texts are joined to one; those of others become paragraphs."""
    texts: list[str] = []
    thoughts: list[str] = []
    images: list[str] = []
    calls: list[Any] = []
    for part in parts:
        match part:
            case Text(text=text) | Refusal(text=text):
                texts.append(text)
            case Reasoning(text=text):
                thoughts.append(text)  # without its signature: Ollama needs none
            case RedactedReasoning():
                pass
            case Image() | File():
                images.append(_image(part, message.where))
            case ToolCall():
                function = {"name": part.name, "arguments": arguments_object(part, message.where)}
                calls.append({"id": part.id, "function": function})
            case _:
                raise unsupported(message.where, "Ollama", type(part).__name__.lower())
    fields = {"thinking": "".join(thoughts), "images": images, "tool_calls": calls}
    content = ("" if message.role == "assistant" else "\n\n").join(texts)
    return {"content": content, **{name: value for name, value in fields.items() if value}}


def _image(part: Image | File, where: str) -> str:
    if isinstance(part, File) and not part.media_type.startswith("image/"):
        raise unsupported(where, "Ollama", f"a file of type {part.media_type or 'unknown'}")
    if not part.data:
        raise unsupported(where, "Ollama", "an image that is not inline")
    return part.data
