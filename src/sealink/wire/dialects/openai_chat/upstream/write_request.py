"""SeaLink's own request → a chat completion request. https://platform.openai.com/docs/api-reference/chat/create"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

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
from sealink.wire.dialects.openai_chat.upstream.tools import write_tools
from sealink.wire.dialects.shared.custom_tools import custom_tools_as_functions
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers
from sealink.wire.raw_json.fields import encode

PATH: Final = "/chat/completions"

MAX_USER_CHARS: Final = 64
"""Longer values of `user` are hashed."""

IDENTIFIERS: Final = Identifiers(tool_name=Rule(64))
CALL_IDS: Final = Rule(64, r"\x20-\U0010ffff")
"""Call ids are fitted where they are written, since the signatures of earlier answers name the calls by their own."""

_THINKING: Final = (Reasoning, RedactedReasoning)

_SHOWN: Final = "What the tool call {} has shown:"
_SHOWN_BELOW: Final = "See the next message."
"""A tool's message takes only text: images and files of a tool's result go into a user message after it."""

# https://platform.openai.com/docs/guides/reasoning
_TAKES_EFFORT: Final = re.compile(r"(?:^|/)(?:o[1-9]|gpt-(?:[5-9]|oss)|codex)")
_CANNOT_STOP: Final = re.compile(r"(?:^|/)(?:o[1-9]|gpt-oss|gpt-5(?!\.))")
"""Models that have no effort of "none"."""

_UP_TO_TOKENS: Final = {"low": 4096, "medium": 16_384}


def write_request(
    request: ChatRequest, model: str, *, with_thinking: bool = False, takes_custom_tools: bool = True
) -> tuple[bytes, list[str]]:
    """The body, and the names of the dropped parameters.

    `with_thinking`: earlier answers have their reasoning in `reasoning_content`. `takes_custom_tools`: custom tools are
    not sent as functions.
    """
    request = fit_identifiers(request, IDENTIFIERS)
    sampling, dropped = msgspec.structs.asdict(request.sampling), _dropped(request)
    if not takes_custom_tools:
        request, dropped_formats = custom_tools_as_functions(request)
        dropped += dropped_formats
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
        "reasoning_effort": _reasoning_effort(request, model, dropped),
        "n": request.choices if request.choices > 1 else None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs,
        "modalities": request.modalities,
        "user": _user(request.user),
        "service_tier": request.service_tier,
    }
    return encode(_without_none(body)), list(dict.fromkeys(dropped))


def _reasoning_effort(request: ChatRequest, model: str, dropped: list[str]) -> str | None:
    """The client's effort, or the one next to its budget of tokens, for models that are known to take an effort.

    Many other models refuse a request with `reasoning_effort`: for them a budget is added to `dropped`.
    """
    budget = request.thinking_budget
    if request.reasoning_effort is not None or budget is None:
        return request.reasoning_effort
    if not _TAKES_EFFORT.search(model.lower()):
        if budget:
            dropped.append("thinking_budget")
        return None
    if budget == 0:
        return "low" if _CANNOT_STOP.search(model.lower()) else "none"
    return next((effort for effort, limit in _UP_TO_TOKENS.items() if budget <= limit), "high")


def _user(user: str | None) -> str | None:
    """The end user's id, hashed if it is too long: more than 64 characters are refused
    (github.com/maximhq/bifrost/pull/1000), and Claude Code sends some 140."""
    if user is None or len(user) <= MAX_USER_CHARS:
        return user
    return hashlib.sha256(user.encode()).hexdigest()


def _dropped(request: ChatRequest) -> list[str]:
    """The parameters that OpenAI's format does not have, and without which the answer is still what was asked for."""
    parameters = {
        "top_k": request.sampling.top_k is not None,
        "thinking_summary": request.thinking_summary == "none",  # whether a vendor returns it cannot be chosen
        "cache_control": _has_cache_control(request),  # OpenAI refuses fields that it does not know
        "tool_result.is_error": any(_failed(part) for message in request.messages for part in message.parts),
    }
    return [*(name for name, is_set in parameters.items() if is_set), *request.extras]


def _failed(part: Part) -> bool:
    return isinstance(part, ToolResult) and part.is_error


def _has_cache_control(request: ChatRequest) -> bool:
    return any(tool.cache_control is not None for tool in request.tools) or any(
        _part_has_cache_control(part) for message in request.messages for part in message.parts
    )


def _part_has_cache_control(part: Part) -> bool:
    inner = part.content if isinstance(part, ToolResult) else ()
    return part.cache_control is not None or any(map(_part_has_cache_control, inner))


def _messages(message: Message, with_thinking: bool) -> Iterator[dict[str, Any]]:
    """One message may become several: OpenAI has a message for each tool result."""
    if message.role == "assistant":
        yield _assistant(message) | (_thinking(message) if with_thinking else {})
        return
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    pictures: list[Part] = []
    for result in results:
        texts = [part for part in result.content if isinstance(part, (Text, Refusal))]
        shown = [part for part in result.content if not isinstance(part, (Text, Refusal))]
        if shown:
            pictures += [Text(text=_SHOWN.format(result.call_id)), *shown]
        content = _content(texts or [Text(text=_SHOWN_BELOW if shown else "")], message.where)
        yield {"role": "tool", "tool_call_id": CALL_IDS.fit(result.call_id), "content": content}
    rest = [*pictures, *(part for part in message.parts if not isinstance(part, ToolResult))]
    if rest:
        yield {"role": "user" if results else message.role, "content": _content(rest, message.where)}


def _assistant(message: Message) -> dict[str, Any]:
    """An earlier answer. Its reasoning goes only into the fields in which its vendor signed it."""
    fields, signed = sent_back(message.parts)
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    rest = [part for part in message.parts if not isinstance(part, (ToolCall, *_THINKING))]
    written = {"role": "assistant", "content": _content(rest, message.where) if rest else None}
    return written | ({"tool_calls": [_call(call, signed) for call in calls]} if calls else {}) | fields


def _thinking(message: Message) -> dict[str, Any]:
    """The reasoning, "" if there is none: DeepSeek wants the field in every answer. Reasoning that another vendor
    signed is left out."""
    thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
    texts = [part.text for part in thoughts if not part.signature or read(part.signature) is not None]
    return {"reasoning_content": "".join(texts)}


def _call(call: ToolCall, signed: dict[str, Raw]) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": CALL_IDS.fit(call.id), "type": "function"}
    if call.is_custom:
        fields |= {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    else:
        fields |= {"function": {"name": call.name, "arguments": call.arguments}}
    return fields | ({"extra_content": signed[call.id]} if call.id in signed else {})


def _content(parts: Sequence[Part], where: str) -> str | list[dict[str, Any]]:
    """A string if all parts are text, else a list of parts."""
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
            return {"type": "image_url", "image_url": _without_none({"url": source, "detail": detail or None})}
        case Audio(format=format, data=data):
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
        case File() if not part.url:
            return {"type": "file", "file": _file(part)}
    what = "a document by its URL" if isinstance(part, File) else type(part).__name__.lower()
    raise unsupported(where, "OpenAI's chat format", f"{what} here")


def _file(file: File) -> dict[str, Any]:
    inline = f"data:{file.media_type};base64,{file.data}" if file.data else None
    return _without_none({"filename": file.filename or None, "file_id": file.file_id or None, "file_data": inline})


def _response_format(format: ResponseFormat | None) -> dict[str, Any] | None:
    if format is None:
        return None
    if format.kind != "json_schema":
        return {"type": format.kind}
    schema = _without_none({"name": format.name, "schema": format.schema, "strict": format.strict})
    return {"type": "json_schema", "json_schema": schema}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
