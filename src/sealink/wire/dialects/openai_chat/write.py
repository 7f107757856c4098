"""SeaLink's own request → a chat-completion request. https://platform.openai.com/docs/api-reference/chat/create"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

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
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from sealink.wire.raw_json import encode

_THINKING: Final = (Reasoning, RedactedReasoning)


def write_request(request: ChatRequest, model: str) -> tuple[bytes, list[str]]:
    """The body, and the names of the fields that OpenAI's format cannot express."""
    sampling = msgspec.structs.asdict(request.sampling)
    body: dict[str, Any] = {
        "model": model,
        "messages": [written for message in request.messages for written in _messages(message)],
        "stream": request.stream or None,
        "stream_options": {"include_usage": True} if request.stream else None,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_completion_tokens": sampling.pop("max_tokens"),
        **{name: value for name, value in sampling.items() if name != "top_k"},
        "response_format": _response_format(request.response_format),
        "reasoning_effort": request.reasoning_effort,
        "n": request.choices if request.choices > 1 else None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs,
        "modalities": request.modalities,
        "user": request.user,
        "service_tier": request.service_tier,
    }
    dropped = [*(["top_k"] if request.sampling.top_k is not None else []), *request.extras]
    return encode(_said(body)), dropped


def _messages(message: Message) -> Iterator[dict[str, Any]]:
    """One message of ours may be several of OpenAI's: each tool result is one of its own."""
    if message.role == "assistant":
        yield _assistant(message)
        return
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.call_id, "content": _content(part.content, message.where)}
    rest = [part for part in message.parts if not isinstance(part, ToolResult)]
    if rest:
        yield {"role": message.role, "content": _content(rest, message.where)}


def _assistant(message: Message) -> dict[str, Any]:
    """An earlier answer. What the model thought is left out: OpenAI's format has no place for it."""
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    rest = [part for part in message.parts if not isinstance(part, (ToolCall, *_THINKING))]
    said = {"role": "assistant", "content": _content(rest, message.where) if rest else None}
    return said | ({"tool_calls": [_call(call) for call in calls]} if calls else {})


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _content(parts: Sequence[Part], where: str) -> str | list[dict[str, Any]]:
    """Plain text where it is no more than that."""
    if all(isinstance(part, Text) and part.cache_control is None for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    return [_said({**_part(part, where), "cache_control": part.cache_control}) for part in parts]


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


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    said = {"type": "function", "function": _said({**function, "strict": tool.strict})}
    return _said({**said, "cache_control": tool.cache_control})


def _tool_choice(choice: ToolChoice | None) -> str | dict[str, Any] | None:
    if choice is None:
        return None
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "named" else choice.mode


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
