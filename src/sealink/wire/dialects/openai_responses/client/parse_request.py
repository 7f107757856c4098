"""A Responses request → SeaLink's own, for an upstream of another dialect.

https://platform.openai.com/docs/api-reference/responses/create. Every field is modelled, or kept in `extras` for the
upstream's dialect to use, drop by name or refuse; or, where it asks for what SeaLink does anyway, done with.
"""

from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest, Message, ResponseFormat, Text
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat.client.parse_request import read_sampling
from sealink.wire.dialects.openai_responses.client.head import instructions_of, refuse_kept_state
from sealink.wire.dialects.openai_responses.client.input import read_input
from sealink.wire.dialects.openai_responses.client.tools import read_tool_choice, read_tools
from sealink.wire.raw_json.fields import Fields, is_null, to_raw
from sealink.wire.raw_json.request_fields import RequestFields, missing, own_metadata

_READ: Final = frozenset({"model", "stream", "input", "instructions", "metadata"})

_LOGPROBS: Final = "message.output_text.logprobs"
_DONE_ANYWAY: Final = frozenset({"reasoning.encrypted_content", _LOGPROBS})
"""What can be asked for by `include`, and is told by all upstreams that have it."""

_SAYS_NOTHING: Final = {
    "store": (b"false",),
    "background": (b"false",),
    "truncation": (b'"disabled"',),
    "stream_options": (),
}
"""Fields that ask for nothing if they have these values; () stands for any."""


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


def parse_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`input[2].content[0].image_url`)."""
    refuse_kept_state(head.fields)
    read = RequestFields({name: raw for name, raw in head.fields.items() if not is_null(raw)}, _READ)
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


def _messages(fields: Fields) -> list[Message]:
    if "input" not in fields:
        raise missing("input")
    instructions = instructions_of(fields)
    system = [Message("system", [Text(text=instructions)], "instructions")] if instructions else []
    return system + read_input(fields["input"])


def _response_format(said: _Format | None) -> ResponseFormat | None:
    if said is None:
        return None
    if said.type == "json_schema" and said.schema is None:
        raise missing("text.format.schema")
    schema = None if said.schema is None else to_raw(said.schema)
    return ResponseFormat(said.type, name=said.name or "", schema=schema, strict=said.strict)


def _extras(read: RequestFields, text: _TextConfig, include: list[str]) -> Fields:
    """What is left; `metadata` without the part that is SeaLink's."""
    rest = {name: raw for name, raw in read.rest.items() if not _says_nothing(name, raw)}
    if metadata := own_metadata(read.fields):
        rest["metadata"] = to_raw(metadata)
    if text.verbosity is not None:
        rest["verbosity"] = to_raw(text.verbosity)
    if unknown := [name for name in include if name not in _DONE_ANYWAY]:
        rest["include"] = to_raw(unknown)
    return rest


def _says_nothing(name: str, raw: Raw) -> bool:
    values = _SAYS_NOTHING.get(name)
    return values is not None and (not values or bytes(raw) in values)
