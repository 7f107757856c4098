"""A chat completion request as clients send it: its head, for routing, and all of it, for translation.

`parse_head` reads the few fields that SeaLink itself acts on; an upstream of the same dialect validates the rest.
`parse_request` reads the whole request for an upstream of another dialect: every field is modelled, or kept in `extras`
for that dialect to use, drop by name or refuse. A field that is null counts as absent.
https://platform.openai.com/docs/api-reference/chat/create
"""

from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, ResponseFormat, Sampling
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat.client.messages import read_messages
from sealink.wire.dialects.openai_chat.client.tools import read_tool_choice, read_tools
from sealink.wire.dialects.shared.openai_request import read_sampling
from sealink.wire.dialects.shared.prompt_text import join_strings
from sealink.wire.raw_json.fields import Fields, is_null, to_raw
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

_TEXT_FIELDS: Final = ("messages", "tools", "functions", "response_format")
_SKIPPED_FIELDS: Final = frozenset(
    {"url", "data", "file_data", "file_id", "type", "signature", "tool_call_id", "id", "role"}
)
"""What `prompt_text` reads, and what it leaves out of that: fields without text for the model."""

_READ: Final = frozenset({"model", "messages", "stream", "stream_options", "metadata", "tools", "functions"})

_COMMON: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p"}
)


class _MessageHead(msgspec.Struct):
    role: str


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Head(msgspec.Struct):
    model: ModelName
    messages: list[_MessageHead]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)


class _Reasoning(msgspec.Struct):
    """OpenRouter's object, whose fields are those of the Responses API and some more."""

    effort: str | None = None
    max_tokens: int | None = None
    summary: str | None = None
    exclude: bool | None = None
    enabled: bool | None = None

    @property
    def asked_effort(self) -> str | None:
        if self.effort is None and self.enabled is not None and self.max_tokens is None:
            return "medium" if self.enabled else "none"
        return self.effort


class _Speaker(msgspec.Struct):
    role: str = ""
    name: str | None = None


class _JsonSchema(msgspec.Struct):
    name: str
    schema: dict[str, Raw] | None = None
    strict: bool | None = None


class _ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


def parse_head(body: bytes) -> RequestHead:
    """Raises InvalidRequest, naming the field."""
    body, fields = read_body(body)
    try:
        head = _HEAD.decode(body)
    except (msgspec.ValidationError, RecursionError):
        head = _parse_one_by_one(fields)
    if not head.model:
        raise _empty_model()
    if not head.messages:
        raise no_messages()
    stream, options = head.stream or False, head.stream_options
    return RequestHead(
        model=head.model,
        stream=stream,
        include_usage=stream and options is not None and bool(options.include_usage),
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
    )


def _parse_one_by_one(fields: Fields) -> _Head:
    """Raises InvalidRequest, naming the first field that is not what it must be."""
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", ModelName)
    if not model:
        raise _empty_model()
    return _Head(
        model,
        read_field(fields, "messages", list[_MessageHead]),
        read_field(fields, "stream", bool | None),
        read_field(fields, "stream_options", _StreamOptions | None),
    )


def _empty_model() -> InvalidRequest:
    return InvalidRequest("The field `model` is empty.", code="missing_field", param="model")


def parse_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`messages[2].content[0].image_url`)."""
    read = RequestFields({name: raw for name, raw in head.fields.items() if not is_null(raw)}, _READ)
    if read.fields.keys() <= _COMMON:
        return _parse_common(head, read)
    tools, builtin_tools = read_tools(read)
    choice, tools = read_tool_choice(read, tools)
    thinking = read("reasoning", _Reasoning) or _Reasoning()
    return ChatRequest(
        model=head.model,
        messages=read_messages(head.fields["messages"]),
        stream=head.stream,
        include_usage=head.include_usage,
        tools=tools,
        builtin_tools=builtin_tools,
        tool_choice=choice,
        parallel_tool_calls=read("parallel_tool_calls", bool),
        sampling=_sampling(read),
        response_format=_response_format(read),
        reasoning_effort=read("reasoning_effort", str) or thinking.asked_effort,
        thinking_budget=thinking.max_tokens if (budget := read("thinking_budget", int)) is None else budget,
        thinking_summary="none" if thinking.exclude else thinking.summary,
        choices=_choices(read),
        logprobs=read("logprobs", bool) or False,
        top_logprobs=read("top_logprobs", int),
        modalities=read("modalities", list[str]),
        user=read("user", str),
        service_tier=read("service_tier", str),
        extras=_extras(read),
    )


def _parse_common(head: RequestHead, read: RequestFields) -> ChatRequest:
    """A request with none but the fields that most have: nothing else need be looked for."""
    messages = read_messages(head.fields["messages"])
    newer, older = read("max_completion_tokens", int), read("max_tokens", int)
    return ChatRequest(
        model=head.model,
        messages=messages,
        stream=head.stream,
        include_usage=head.include_usage,
        sampling=Sampling(
            max_tokens=older if newer is None else newer,
            temperature=read("temperature", float),
            top_p=read("top_p", float),
        ),
        extras={"messages.name": to_raw(True)} if _has_speakers(head.fields["messages"]) else {},
    )


def _sampling(read: RequestFields) -> Sampling:
    newer, older = read("max_completion_tokens", int), read("max_tokens", int)
    return read_sampling(read, max_tokens=older if newer is None else newer)


def _choices(read: RequestFields) -> int:
    choices = read("n", int)
    if choices is not None and choices < 1:
        raise InvalidRequest("`n` must be at least 1.", code="invalid_value", param="n")
    return choices or 1


def _extras(read: RequestFields) -> Fields:
    """The other fields, `metadata` without SeaLink's part, and whether any message names its speaker."""
    rest = dict(read.rest)
    if _has_speakers(read.fields["messages"]):
        rest["messages.name"] = to_raw(True)
    metadata = own_metadata(read.fields)
    return rest | {"metadata": to_raw(metadata)} if metadata else rest


def _has_speakers(messages: Raw) -> bool:
    if b'"name"' not in bytes(messages):
        return False
    speakers = read_value(messages, "messages", list[_Speaker])
    return any(message.name and message.role not in ("tool", "function") for message in speakers)


def _response_format(read: RequestFields) -> ResponseFormat | None:
    format = read("response_format", _ResponseFormat)
    if format is None:
        return None
    if format.type != "json_schema":
        return ResponseFormat(format.type)
    if format.json_schema is None:
        raise missing("response_format.json_schema")
    schema = format.json_schema
    raw = None if schema.schema is None else to_raw(schema.schema)
    return ResponseFormat(format.type, name=schema.name, schema=raw, strict=schema.strict)


def prompt_text(head: RequestHead) -> str:
    """Messages, tools and schemas as text; images, files and audio are left out."""
    return join_strings(head.fields, _TEXT_FIELDS, _SKIPPED_FIELDS)
