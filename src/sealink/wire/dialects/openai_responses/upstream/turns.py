"""The conversation: SeaLink's messages → `instructions` and `input` items.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sealink.request import (
    Audio,
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
from sealink.wire.dialects.openai_responses.signatures import read_signature
from sealink.wire.dialects.shared import data_url
from sealink.wire.dialects.shared.unsupported import unsupported

Item = dict[str, Any]


def write_instructions(messages: Sequence[Message]) -> str:
    """The system messages with which the conversation begins."""
    return "\n\n".join(_text(message) for message in messages[: _system_messages(messages)])


def write_input(messages: Sequence[Message]) -> list[Item]:
    """The rest of the conversation, each message as one or several items. Raises InvalidRequest, naming the place."""
    custom = {
        part.id for message in messages for part in message.parts if isinstance(part, ToolCall) and part.is_custom
    }
    rest = messages[_system_messages(messages) :]
    return [item for message in rest for item in _items(message, custom)]


def _system_messages(messages: Sequence[Message]) -> int:
    """How many messages at the beginning are system messages of text only."""
    for number, message in enumerate(messages):
        if message.role != "system" or not all(isinstance(part, Text) for part in message.parts):
            return number
    return len(messages)


def _text(message: Message) -> str:
    return "\n\n".join(part.text for part in message.parts if isinstance(part, Text))


def _items(message: Message, custom: set[str]) -> Iterator[Item]:
    """Consecutive parts of content go into one item; each call, result and piece of thinking is an item of its own."""
    content: list[Item] = []
    role = "user" if message.role == "tool" else message.role
    for part in message.parts:
        if isinstance(part, Reasoning | RedactedReasoning | ToolCall | ToolResult):
            if content:
                yield _message(role, content)
            content = []
            yield from _item(part, message.where, custom)
        else:
            content.append(_content(part, role, message.where))
    if content:
        yield _message(role, content)


def _message(role: str, content: list[Item]) -> Item:
    return {"type": "message", "role": role, "content": content}


def _item(part: Part, where: str, custom: set[str]) -> Iterator[Item]:
    match part:
        case Reasoning():
            yield from _reasoning(part)
        case ToolCall(is_custom=True):
            call = {"type": "custom_tool_call", "call_id": part.id}
            yield {**call, "name": part.name, "input": part.arguments}
        case ToolCall():
            call = {"type": "function_call", "call_id": part.id}
            yield {**call, "name": part.name, "arguments": part.arguments}
        case ToolResult(call_id=id):
            type = "custom_tool_call_output" if id in custom else "function_call_output"
            yield {"type": type, "call_id": id, "output": _output(part, where)}


def _reasoning(part: Reasoning) -> Iterator[Item]:
    """Thinking that a model of this dialect signed; that of other models is left out."""
    signature = read_signature(part.signature)
    if signature is None:
        return
    item: Item = {"type": "reasoning", **({"id": signature.id} if signature.id else {}), "summary": []}
    if signature.encrypted:
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        yield {**item, "summary": summary, "encrypted_content": signature.encrypted}
    elif part.text:
        yield {**item, "content": [{"type": "reasoning_text", "text": part.text}]}


def _output(result: ToolResult, where: str) -> str | list[Item]:
    """A result's content: a string if it is text only, else a list of parts."""
    if all(isinstance(part, Text) for part in result.content):
        return "".join(part.text for part in result.content if isinstance(part, Text))
    return [_content(part, "user", where) for part in result.content]


def _content(part: Part, role: str, where: str) -> Item:
    match part:
        case Text(text=text):
            return {"type": "output_text" if role == "assistant" else "input_text", "text": text}
        case Refusal(text=text) if role == "assistant":
            return {"type": "refusal", "refusal": text}
        case Refusal(text=text):
            return {"type": "input_text", "text": text}
        case Image() if role != "assistant":
            url = part.url or data_url.build(part.media_type, part.data)
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case File() if role != "assistant":
            return _file(part)
        case Audio(format=format, data=data) if role != "assistant":
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
    raise unsupported(where, "OpenAI's Responses API", f"{type(part).__name__.lower()} in this message")


def _file(file: File) -> Item:
    if file.file_id:
        return {"type": "input_file", "file_id": file.file_id}
    if file.url:
        return {"type": "input_file", "file_url": file.url}
    if file.media_type.startswith("image/"):
        return {"type": "input_image", "image_url": data_url.build(file.media_type, file.data), "detail": "auto"}
    name = file.filename or ("document.pdf" if file.media_type == "application/pdf" else "document.txt")
    return {"type": "input_file", "filename": name, "file_data": data_url.build(file.media_type, file.data)}
