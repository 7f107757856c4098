"""A client's Messages request → SeaLink's own, for an upstream of another dialect.

https://platform.claude.com/docs/en/api/messages/create. Every field is modelled, or kept in `extras` for the
upstream's dialect to drop by name. What is null was not said.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest, Message, Part, ResponseFormat, Sampling, ToolResult
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.anthropic_messages.client.content import ContentReader
from sealink.wire.dialects.anthropic_messages.client.tools import read_tool_choice, read_tools
from sealink.wire.raw_json.fields import NULL, Fields, is_null, object_of, to_raw, without
from sealink.wire.raw_json.request_fields import RequestFields, own_metadata, read_value

SCHEMA_NAME: Final = "answer"
"""Other dialects want a name for a schema; Anthropic's has none."""

_READ: Final = frozenset({"model", "messages", "system", "stream", "metadata"})


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


def parse_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`messages[2].content[0].source`)."""
    read = RequestFields({name: raw for name, raw in head.fields.items() if not is_null(raw)}, _READ)
    content = ContentReader()
    tools, builtin_tools = read_tools(read, content.left_out)
    choice, parallel = read_tool_choice(read)
    thinking = read("thinking", _Thinking) or _Thinking("")
    output = read("output_config", _OutputConfig) or _OutputConfig()
    format = read("output_format", _Format) or output.format  # its name before it stood in output_config
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
        said = read_value(raw, where, _Message)
        parts = content.read(said.content, f"{where}.content")
        messages += _turns(parts, where) if said.role == "user" else [Message(said.role, parts, where)]
    return messages


def _turns(parts: list[Part], where: str) -> list[Message]:
    """A user's turn may hold tools' results too, which are a message of their own and come first."""
    results = [part for part in parts if isinstance(part, ToolResult)]
    rest = [part for part in parts if not isinstance(part, ToolResult)]
    turns = [Message("tool", list(results), where)] if results else []
    return [*turns, Message("user", rest, where)] if rest or not results else turns


def _sampling(read: RequestFields) -> Sampling:
    return Sampling(
        max_tokens=read("max_tokens", int),
        temperature=read("temperature", float),
        top_p=read("top_p", float),
        top_k=read("top_k", int),
        stop=read("stop_sequences", list[str]),
    )


def _response_format(said: _Format | None) -> ResponseFormat | None:
    """Anthropic always holds the model to the schema; OpenAI only where no property may be left out."""
    if said is None:
        return None
    raw = to_raw(said.schema)
    return ResponseFormat("json_schema", SCHEMA_NAME, raw, strict=_requires_all(msgspec.json.decode(raw)) or None)


def _requires_all(schema: Any) -> bool:
    """Whether every object in a schema is closed and has all of its properties required."""
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
    """Clients of Anthropic's read what was thought unless they say that they do not want to."""
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
    """What is left, and what is left of the objects that were read in part."""
    inner: dict[str, Any] = {
        "output_config": without(object_of(read.fields.get("output_config")) or {}, "effort", "format"),
        "metadata": without(own_metadata(read.fields), "user_id"),
    }
    return dict(read.rest) | {name: to_raw(fields) for name, fields in inner.items() if fields}
