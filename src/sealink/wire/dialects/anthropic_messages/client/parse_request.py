"""A client's Messages request: the head, for routing, and the whole request, for an upstream of another dialect.

https://platform.claude.com/docs/en/api/messages/create. An upstream validates its own parameters; only what SeaLink
itself needs is checked here. Every field is modelled, or kept in `extras` for the upstream's dialect to drop by name.
Null counts as absent.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList
from sealink.request import ChatRequest, Message, Part, ResponseFormat, Sampling, ToolResult
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.anthropic_messages.client.content import ContentReader
from sealink.wire.dialects.anthropic_messages.client.tools import read_tool_choice, read_tools
from sealink.wire.dialects.shared.prompt_text import join_strings
from sealink.wire.raw_json.fields import NULL, Fields, is_null, object_of, to_raw, without
from sealink.wire.raw_json.request_fields import (
    ModelName,
    RequestFields,
    missing,
    no_messages,
    own_metadata,
    read_body,
    read_field,
    read_task_type,
    read_value,
)

SCHEMA_NAME: Final = "answer"
"""The name of the schema, which other dialects require and Anthropic's does not have."""

_READ_ELSEWHERE: Final = frozenset({"model", "messages", "system", "stream", "metadata"})

_PASSED_HEADERS: Final = ("anthropic-", "x-claude-code-", "x-stainless-", "x-app")
_WITHHELD_HEADERS: Final = ("anthropic-dangerous-direct-browser-access", "anthropic-auth")
"""Versions, betas (future ones, too) and what Claude Code reports of its sessions go to the upstream: "Forward headers
… unchanged" (https://code.claude.com/docs/en/llm-gateway). Keys, cookies and the connection's own headers do not."""

_TEXT_FIELDS: Final = ("system", "messages", "tools", "output_config")
_NOT_TEXT: Final = frozenset(
    {"data", "url", "file_id", "type", "signature", "encrypted_content", "tool_use_id", "id", "role", "cache_control"}
)


class _MessageHead(msgspec.Struct):
    role: str


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: Raw = NULL


class _Thinking(msgspec.Struct):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class _Format(msgspec.Struct):
    type: Literal["json_schema"]
    schema: dict[str, Raw]


class _OutputConfig(msgspec.Struct):
    effort: str | None = None
    format: _Format | None = None


class _Metadata(msgspec.Struct):
    user_id: str | None = None


def parse_head(body: bytes, headers: Mapping[str, str]) -> RequestHead:
    """Raises InvalidRequest, naming the field. `include_usage`: a stream of this dialect always reports its usage."""
    body, fields = read_body(body)
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", ModelName)
    if not model:
        raise missing("model")
    if not read_field(fields, "messages", list[_MessageHead]):
        raise no_messages()
    return RequestHead(
        model=model,
        stream=read_field(fields, "stream", bool | None) or False,
        include_usage=True,
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
        headers=_passed_headers(headers),
    )


def _passed_headers(headers: Mapping[str, str]) -> HeaderList:
    return [
        (name, value)
        for name, value in headers.items()
        if name.startswith(_PASSED_HEADERS) and not name.startswith(_WITHHELD_HEADERS)
    ]


def prompt_text(head: RequestHead) -> str:
    """The text of instructions, messages, tools and schemas, without images and documents in base64."""
    return join_strings(head.fields, _TEXT_FIELDS, _NOT_TEXT)


def parse_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`messages[2].content[0].source`)."""
    read = RequestFields({name: raw for name, raw in head.fields.items() if not is_null(raw)}, _READ_ELSEWHERE)
    content = ContentReader()
    tools, builtin_tools = read_tools(read, content.left_out)
    choice, parallel = read_tool_choice(read)
    thinking = read("thinking", _Thinking) or _Thinking("")
    output = read("output_config", _OutputConfig) or _OutputConfig()
    format = read("output_format", _Format) or output.format  # its name before it moved into output_config
    return ChatRequest(
        model=head.model,
        messages=_messages(read.fields, content),
        stream=head.stream,
        include_usage=True,
        tools=tools,
        builtin_tools=builtin_tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        sampling=_sampling(read),
        response_format=_response_format(format),
        reasoning_effort=output.effort,
        thinking_budget=0 if thinking.type == "disabled" else thinking.budget_tokens,
        thinking_summary=_summary(thinking),
        user=_user(read.fields),
        service_tier=_service_tier(read),
        extras={**_extras(read), **content.left_out},
    )


def _messages(fields: Fields, content: ContentReader) -> list[Message]:
    messages = []
    if "system" in fields:
        messages.append(Message("system", content.read(fields["system"], "system"), "system"))
    for number, raw in enumerate(read_value(fields["messages"], "messages", list[Raw])):
        where = f"messages[{number}]"
        message = read_value(raw, where, _Message)
        parts = content.read(message.content, f"{where}.content")
        messages += _user_messages(parts, where) if message.role == "user" else [Message(message.role, parts, where)]
    return messages


def _user_messages(parts: list[Part], where: str) -> list[Message]:
    """A user's message may also hold tool results: they become a message of their own, which comes first."""
    results = [part for part in parts if isinstance(part, ToolResult)]
    rest = [part for part in parts if not isinstance(part, ToolResult)]
    messages = [Message("tool", list(results), where)] if results else []
    return [*messages, Message("user", rest, where)] if rest or not results else messages


def _sampling(read: RequestFields) -> Sampling:
    return Sampling(
        max_tokens=read("max_tokens", int),
        temperature=read("temperature", float),
        top_p=read("top_p", float),
        top_k=read("top_k", int),
        stop=read("stop_sequences", list[str]),
    )


def _response_format(format: _Format | None) -> ResponseFormat | None:
    """Anthropic always enforces the schema; OpenAI can enforce it only where all properties are required."""
    if format is None:
        return None
    raw = to_raw(format.schema)
    schema = read_value(raw, "output_config.format.schema", Any)
    return ResponseFormat("json_schema", SCHEMA_NAME, raw, strict=_requires_all(schema) or None)


def _requires_all(schema: Any) -> bool:
    """Whether every object in a schema requires all of its properties and allows no others."""
    if isinstance(schema, list):
        return all(map(_requires_all, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = schema.get("required")
        if schema.get("additionalProperties") is not False or set(required or ()) != set(properties):
            return False
    return all(map(_requires_all, schema.values()))


def _summary(thinking: _Thinking) -> str | None:
    """Anthropic's clients are shown the thinking unless they ask to have it omitted."""
    if thinking.display == "omitted":
        return "none"
    return "auto" if thinking.display or thinking.type in ("enabled", "adaptive") else None


def _user(fields: Fields) -> str | None:
    metadata: _Metadata = read_value(fields.get("metadata", to_raw({})), "metadata", _Metadata)
    return metadata.user_id


def _service_tier(read: RequestFields) -> str | None:
    tier: str | None = read("service_tier", str)
    return "default" if tier == "standard_only" else tier


def _extras(read: RequestFields) -> Fields:
    """The fields that were not read, and the unread fields of the objects that were read in part."""
    inner: dict[str, Any] = {
        "output_config": without(object_of(read.fields.get("output_config")) or {}, "effort", "format"),
        "metadata": without(own_metadata(read.fields), "user_id"),
    }
    return dict(read.rest) | {name: to_raw(fields) for name, fields in inner.items() if fields}
