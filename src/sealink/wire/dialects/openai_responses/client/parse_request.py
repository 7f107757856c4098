"""A client's Responses request: the head that it is routed by, and the whole as a ChatRequest for other dialects.

https://platform.openai.com/docs/api-reference/responses/create. Every field is parsed, or kept in `extras` for the
upstream's dialect to use, drop by name or refuse; or ignored, where it asks for what SeaLink does anyway.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, Message, ResponseFormat, Text
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_responses.client.input import read_input
from sealink.wire.dialects.openai_responses.client.tools import read_tool_choice, read_tools
from sealink.wire.dialects.shared.openai_request import read_sampling
from sealink.wire.dialects.shared.prompt_text import join_strings
from sealink.wire.raw_json.fields import Fields, is_null, to_raw
from sealink.wire.raw_json.request_fields import (
    ModelName,
    RequestFields,
    missing,
    own_metadata,
    read_body,
    read_field,
    read_task_type,
)

_TEXT_FIELDS: Final = ("instructions", "input", "tools", "text")
_SKIPPED_FIELDS: Final = frozenset(
    {"image_url", "file_url", "file_data", "data", "file_id", "encrypted_content", "type", "call_id", "id", "role"}
)
"""What `prompt_text` reads, and what it leaves out of that: fields without text for the model."""

_FORWARDED_HEADERS: Final = ("openai-beta",)
_READ_ELSEWHERE: Final = frozenset({"model", "stream", "input", "instructions", "metadata"})

_LOGPROBS: Final = "message.output_text.logprobs"
_DONE_ANYWAY: Final = frozenset({"reasoning.encrypted_content", _LOGPROBS})
"""Values of `include` that ask for what every upstream that has it reports anyway."""

_NO_EFFECT: Final = {
    "store": (b"false",),
    "background": (b"false",),
    "truncation": (b'"disabled"',),
    "stream_options": (),
}
"""Fields that ask for nothing if they have one of these values; () stands for any."""


class _Reasoning(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


class _Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema: dict[str, Raw] | None = None
    strict: bool | None = None


class _TextConfig(msgspec.Struct):
    format: _Format | None = None
    verbosity: str | None = None


def parse_head(body: bytes, headers: Mapping[str, str]) -> RequestHead:
    """Raises InvalidRequest, naming the field. This API always reports usage."""
    body, fields = read_body(body)
    model = read_field(fields, "model", ModelName | None)
    if not model:
        raise missing("model")
    read_field(fields, "input", str | list[dict[str, Raw]] | None)
    return RequestHead(
        model=model,
        stream=read_field(fields, "stream", bool | None) or False,
        include_usage=True,
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
        headers=[(name, headers[name]) for name in _FORWARDED_HEADERS if name in headers],
    )


def parse_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`input[2].content[0].image_url`)."""
    _refuse_stored_state(head.fields)
    read = RequestFields({name: raw for name, raw in head.fields.items() if not is_null(raw)}, _READ_ELSEWHERE)
    tools = read_tools(read)
    choice, own_tools = read_tool_choice(read, tools.own)
    reasoning = read("reasoning", _Reasoning) or _Reasoning()
    text = read("text", _TextConfig) or _TextConfig()
    include = read("include", list[str]) or []
    top_logprobs = read("top_logprobs", int)
    return ChatRequest(
        model=head.model,
        messages=_messages(read.fields),
        stream=head.stream,
        include_usage=True,
        tools=own_tools,
        builtin_tools=tools.builtin,
        tool_choice=choice,
        parallel_tool_calls=read("parallel_tool_calls", bool),
        sampling=read_sampling(read, max_tokens=read("max_output_tokens", int)),
        response_format=_response_format(text.format),
        reasoning_effort=reasoning.effort,
        thinking_summary=reasoning.summary or reasoning.generate_summary,
        logprobs=_LOGPROBS in include or bool(top_logprobs),
        top_logprobs=top_logprobs or None,
        user=read("user", str),
        service_tier=read("service_tier", str),
        extras=_extras(read, text, include) | tools.left_out,
    )


def _refuse_stored_state(fields: Fields) -> None:
    """Raises InvalidRequest on what only the upstream that stores it can serve: an earlier response, a conversation,
    a prompt, an answer in the background."""
    for name in ("previous_response_id", "conversation", "prompt"):
        if not is_null(fields.get(name)):
            raise InvalidRequest(
                f"`{name}` refers to something stored by OpenAI, but this model is not served by OpenAI's Responses "
                "API. Send the whole conversation as `input`.",
                code="unsupported_parameter",
                param=name,
            )
    if read_field(fields, "background", bool | None):
        raise InvalidRequest(
            "`background` is not supported by this model. Leave it out and wait for the answer, or stream it.",
            code="unsupported_parameter",
            param="background",
        )


def _messages(fields: Fields) -> list[Message]:
    if "input" not in fields:
        raise missing("input")
    instructions = read_field(fields, "instructions", str | None)
    system = [Message("system", [Text(text=instructions)], "instructions")] if instructions else []
    return system + read_input(fields["input"])


def _response_format(format: _Format | None) -> ResponseFormat | None:
    if format is None:
        return None
    if format.type == "json_schema" and format.schema is None:
        raise missing("text.format.schema")
    schema = None if format.schema is None else to_raw(format.schema)
    return ResponseFormat(format.type, name=format.name or "", schema=schema, strict=format.strict)


def _extras(read: RequestFields, text: _TextConfig, include: list[str]) -> Fields:
    """The fields that no other function reads; `metadata` without SeaLink's own `task_type`."""
    rest = {name: raw for name, raw in read.rest.items() if not _has_no_effect(name, raw)}
    if metadata := own_metadata(read.fields):
        rest["metadata"] = to_raw(metadata)
    if text.verbosity is not None:
        rest["verbosity"] = to_raw(text.verbosity)
    if unknown := [name for name in include if name not in _DONE_ANYWAY]:
        rest["include"] = to_raw(unknown)
    return rest


def _has_no_effect(name: str, raw: Raw) -> bool:
    values = _NO_EFFECT.get(name)
    return values is not None and (not values or bytes(raw) in values)


def prompt_text(head: RequestHead) -> str:
    """Instructions, input, tools and schemas as text; images, files and audio are left out."""
    return join_strings(head.fields, _TEXT_FIELDS, _SKIPPED_FIELDS)
