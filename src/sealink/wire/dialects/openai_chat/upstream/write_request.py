"""SeaLink's own request → a chat-completion request. https://platform.openai.com/docs/api-reference/chat/create"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    ResponseFormat,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.openai_chat.signatures import read, sent_back
from sealink.wire.dialects.openai_chat.upstream.effort import write_effort
from sealink.wire.dialects.openai_chat.upstream.tools import write_tools
from sealink.wire.raw_json.fields import encode

MAX_USER_CHARS: Final = 64

_THINKING: Final = (Reasoning, RedactedReasoning)

_SHOWN: Final = "What the tool call {} has shown:"
_SHOWN_BELOW: Final = "See the next message."
"""A tool's message takes only text: pictures and files that a tool has shown stand in a message of the user's."""


def write_request(request: ChatRequest, model: str, *, with_thinking: bool = False) -> tuple[bytes, list[str]]:
    """The body, and the names of the fields that OpenAI's format cannot express.

    `with_thinking`: earlier answers say in `reasoning_content` what the model thought.
    """
    sampling, dropped = msgspec.structs.asdict(request.sampling), _dropped(request)
    body: dict[str, Any] = {
        "model": model,
        "messages": [written for message in request.messages for written in _messages(message, with_thinking)],
        "stream": request.stream or None,
        "stream_options": {"include_usage": True} if request.stream else None,
        **write_tools(request, dropped),
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_completion_tokens": sampling.pop("max_tokens"),
        **{name: value for name, value in sampling.items() if name != "top_k"},
        "response_format": _response_format(request.response_format),
        "reasoning_effort": write_effort(request, model, dropped),
        "n": request.choices if request.choices > 1 else None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs,
        "modalities": request.modalities,
        "user": _user(request.user),
        "service_tier": request.service_tier,
    }
    return encode(_said(body)), list(dict.fromkeys(dropped))


def _user(user: str | None) -> str | None:
    """Whoever asks, in at most 64 characters: more are refused (github.com/maximhq/bifrost/pull/1000), and what
    Claude Code calls its user has some 140."""
    if user is None or len(user) <= MAX_USER_CHARS:
        return user
    return hashlib.sha256(user.encode()).hexdigest()


def _dropped(request: ChatRequest) -> list[str]:
    """What OpenAI's format has no words for, and would not change what the answer is."""
    knobs = {
        "top_k": request.sampling.top_k is not None,
        "thinking_summary": request.thinking_summary == "none",  # vendors tell what was thought if they ever do
        "cache_control": _has_marks(request),  # which OpenAI refuses, as all that it does not know
        "tool_result.is_error": any(_failed(part) for message in request.messages for part in message.parts),
    }
    return [*(name for name, is_turned in knobs.items() if is_turned), *request.extras]


def _failed(part: Part) -> bool:
    return isinstance(part, ToolResult) and part.is_error


def _has_marks(request: ChatRequest) -> bool:
    return any(tool.cache_control is not None for tool in request.tools) or any(
        _is_marked(part) for message in request.messages for part in message.parts
    )


def _is_marked(part: Part) -> bool:
    inner = part.content if isinstance(part, ToolResult) else ()
    return part.cache_control is not None or any(map(_is_marked, inner))


def _messages(message: Message, with_thinking: bool) -> Iterator[dict[str, Any]]:
    """One message of ours may be several of OpenAI's: each tool result is one of its own."""
    if message.role == "assistant":
        yield _assistant(message) | (_thinking(message) if with_thinking else {})
        return
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    pictures: list[Part] = []
    for result in results:
        words = [part for part in result.content if isinstance(part, (Text, Refusal))]
        shown = [part for part in result.content if not isinstance(part, (Text, Refusal))]
        if shown:
            pictures += [Text(text=_SHOWN.format(result.call_id)), *shown]
        content = _content(words or [Text(text=_SHOWN_BELOW if shown else "")], message.where)
        yield {"role": "tool", "tool_call_id": result.call_id, "content": content}
    rest = [*pictures, *(part for part in message.parts if not isinstance(part, ToolResult))]
    if rest:
        yield {"role": "user" if results else message.role, "content": _content(rest, message.where)}


def _assistant(message: Message) -> dict[str, Any]:
    """An earlier answer. What the model thought has no place in it but those that its vendor has made."""
    fields, signed = sent_back(message.parts)
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    rest = [part for part in message.parts if not isinstance(part, (ToolCall, *_THINKING))]
    said = {"role": "assistant", "content": _content(rest, message.where) if rest else None}
    return said | ({"tool_calls": [_call(call, signed) for call in calls]} if calls else {}) | fields


def _thinking(message: Message) -> dict[str, Any]:
    """What the model thought, "" if nothing: DeepSeek wants the field in every answer. What is signed is another's."""
    thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
    said = [part.text for part in thoughts if not part.signature or read(part.signature) is not None]
    return {"reasoning_content": "".join(said)}


def _call(call: ToolCall, signed: dict[str, Raw]) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": call.id, "type": "function"}
    if call.is_custom:
        fields |= {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    else:
        fields |= {"function": {"name": call.name, "arguments": call.arguments}}
    return fields | ({"extra_content": signed[call.id]} if call.id in signed else {})


def _content(parts: Sequence[Part], where: str) -> str | list[dict[str, Any]]:
    """Plain text where it is no more than that."""
    if all(isinstance(part, Text) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    return [_part(part, where) for part in parts]


def _part(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text}
        case Image(url=url, media_type=media_type, data=data, detail=detail):
            source = url or f"data:{media_type};base64,{data}"
            return {"type": "image_url", "image_url": _said({"url": source, "detail": detail or None})}
        case Audio(format=format, data=data):
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
        case File() if not part.url:
            return {"type": "file", "file": _file(part)}
    what = "a document by its address" if isinstance(part, File) else type(part).__name__.lower()
    raise InvalidRequest(f"OpenAI's format cannot express {what} here.", code="unsupported_parameter", param=where)


def _file(file: File) -> dict[str, Any]:
    inline = f"data:{file.media_type};base64,{file.data}" if file.data else None
    return _said({"filename": file.filename or None, "file_id": file.file_id or None, "file_data": inline})


def _response_format(format: ResponseFormat | None) -> dict[str, Any] | None:
    if format is None:
        return None
    if format.kind != "json_schema":
        return {"type": format.kind}
    schema = _said({"name": format.name, "schema": format.schema, "strict": format.strict})
    return {"type": "json_schema", "json_schema": schema}


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
