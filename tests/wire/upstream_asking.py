"""Requests for the dialects that no client speaks, each neutral field once, and what is sent for them."""

import json
from typing import Any

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    BuiltinTool,
    ChatRequest,
    Image,
    Message,
    Part,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from sealink.wire.dialect import OutgoingRequest, UpstreamDialect

SCHEMA = Raw(b'{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}')
EPHEMERAL = Raw(b'{"type":"ephemeral"}')
WEATHER = Tool(name="get_weather", description="Weather", parameters=Raw(b'{"type":"object","properties":{}}'))
PIXEL = Image(media_type="image/png", data="iVBO")
SEARCH = BuiltinTool(kind="web_search", where="tools[0]", raw=Raw(b"{}"), dialect="x")


def user(*parts: Part) -> Message:
    return Message("user", list(parts), "messages[0]")


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="alias", messages=list(messages) or [user(Text(text="Hi"))], **fields)


def extras(**fields: Any) -> dict[str, Raw]:
    return {name: Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def write(dialect: UpstreamDialect, request: ChatRequest, model: str) -> tuple[dict[str, Any], OutgoingRequest]:
    outgoing = dialect.write_request(request, model)
    return json.loads(outgoing.body), outgoing


def with_tool(**fields: Any) -> ChatRequest:
    return asking(tools=[WEATHER], **fields)


def knob(**fields: Any) -> ChatRequest:
    return asking(sampling=Sampling(**fields))


NEUTRAL_FIELDS = [
    *(field.name for field in msgspec.structs.fields(ChatRequest)),
    *(f"sampling.{field.name}" for field in msgspec.structs.fields(Sampling)),
    *(f"tool.{field.name}" for field in msgspec.structs.fields(Tool)),
]
"""All that a request may say."""

PLAIN = asking()
FIELDS: dict[str, tuple[ChatRequest, ChatRequest]] = {
    "model": (PLAIN, PLAIN),
    "messages": (PLAIN, asking(user(Text(text="Ho")))),
    "stream": (PLAIN, asking(stream=True)),
    "include_usage": (PLAIN, asking(include_usage=True)),
    "tools": (PLAIN, with_tool()),
    "builtin_tools": (PLAIN, asking(builtin_tools=[SEARCH])),
    "tool_choice": (with_tool(), with_tool(tool_choice=ToolChoice("required"))),
    "parallel_tool_calls": (with_tool(), with_tool(parallel_tool_calls=False)),
    "response_format": (PLAIN, asking(response_format=ResponseFormat("json_schema", "a", SCHEMA))),
    "reasoning_effort": (PLAIN, asking(reasoning_effort="high")),
    "thinking_budget": (PLAIN, asking(thinking_budget=2000)),
    "thinking_summary": (
        asking(reasoning_effort="high"),
        asking(reasoning_effort="high", thinking_summary="none"),
    ),
    "choices": (PLAIN, asking(choices=2)),
    "logprobs": (PLAIN, asking(logprobs=True)),
    "top_logprobs": (PLAIN, asking(top_logprobs=3)),
    "modalities": (PLAIN, asking(modalities=["audio"])),
    "user": (PLAIN, asking(user="u1")),
    "service_tier": (PLAIN, asking(service_tier="flex")),
    "extras": (PLAIN, asking(extras=extras(mystery=1))),
    "sampling": (PLAIN, knob(max_tokens=7)),
    "sampling.max_tokens": (PLAIN, knob(max_tokens=7)),
    "sampling.temperature": (PLAIN, knob(temperature=0.7)),
    "sampling.top_p": (PLAIN, knob(top_p=0.7)),
    "sampling.top_k": (PLAIN, knob(top_k=7)),
    "sampling.stop": (PLAIN, knob(stop=["x"])),
    "sampling.seed": (PLAIN, knob(seed=7)),
    "sampling.frequency_penalty": (PLAIN, knob(frequency_penalty=0.5)),
    "sampling.presence_penalty": (PLAIN, knob(presence_penalty=0.5)),
    "sampling.logit_bias": (PLAIN, knob(logit_bias=Raw(b'{"1":2}'))),
    "tool.description": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="f", description="d")])),
    "tool.parameters": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="f", parameters=SCHEMA)])),
    "tool.strict": (with_tool(), asking(tools=[msgspec.structs.replace(WEATHER, strict=True)])),
    "tool.cache_control": (with_tool(), asking(tools=[msgspec.structs.replace(WEATHER, cache_control=EPHEMERAL)])),
    "tool.is_custom": (with_tool(), asking(tools=[msgspec.structs.replace(WEATHER, is_custom=True)])),
    "part.cache_control": (PLAIN, asking(user(Text(text="Hi", cache_control=EPHEMERAL)))),
    "image.detail": (asking(user(PIXEL)), asking(user(msgspec.structs.replace(PIXEL, detail="high")))),
}
"""For each field two requests that differ in nothing else."""

SILENT = {"model", "include_usage"}
"""The model's name in the request is the client's alias; usage is always asked for, or comes unasked."""


def attempt(dialect: UpstreamDialect, model: str, request: ChatRequest) -> OutgoingRequest | str:
    """What is sent, or the field for which the request is refused."""
    try:
        return dialect.write_request(request, model)
    except InvalidRequest as refusal:
        return refusal.param or ""


def changes(dialect: UpstreamDialect, model: str, without: ChatRequest, with_it: ChatRequest) -> bool:
    """Whether a field makes a difference: in what is sent, in what is named as dropped, or by a refusal naming it."""
    after = attempt(dialect, model, with_it)
    return after not in ("", dialect.write_request(without, model))
