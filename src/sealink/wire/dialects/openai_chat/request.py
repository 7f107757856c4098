"""A chat-completion request → SeaLink's own, for an upstream of another dialect.

https://platform.openai.com/docs/api-reference/chat/create. Every field is modelled, or kept in `extras`
for the upstream's dialect to use, drop by name or refuse. What is null was not said.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, ResponseFormat, Sampling, Tool, ToolChoice
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat.head import read_field, read_value
from sealink.wire.dialects.openai_chat.messages import read_messages
from sealink.wire.raw_json import NULL, Fields, is_null, object_of, text_of, to_raw, without

_READ: Final = frozenset({"model", "messages", "stream", "stream_options", "metadata", "tools", "functions"})
_TOOL_CHOICES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",  # Mistral's word
}


class _Function(msgspec.Struct, kw_only=True):
    name: str
    description: str | None = None
    parameters: dict[str, Raw] | None = None
    strict: bool | None = None
    cache_control: Raw = NULL


class _JsonSchema(msgspec.Struct):
    name: str
    schema: dict[str, Raw] | None = None
    strict: bool | None = None


class _ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


def read_request(head: RequestHead) -> ChatRequest:
    """Raises InvalidRequest, naming the field by its path (`messages[2].content[0].image_url`)."""
    read = _Fields({name: raw for name, raw in head.fields.items() if not is_null(raw)})
    tools = _tools(read)
    choice, tools = _tool_choice(read, tools)
    return ChatRequest(
        model=head.model,
        messages=read_messages(head.fields["messages"]),
        stream=head.stream,
        include_usage=head.include_usage,
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=read("parallel_tool_calls", bool),
        sampling=_sampling(read),
        response_format=_response_format(read),
        reasoning_effort=read("reasoning_effort", str),
        choices=_choices(read),
        logprobs=read("logprobs", bool) or False,
        top_logprobs=read("top_logprobs", int),
        modalities=read("modalities", list[str]),
        user=read("user", str),
        service_tier=read("service_tier", str),
        extras=_extras(read),
    )


class _Fields:
    """A request's fields, read one by one; `rest` are those that nobody asked for."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._read = set(_READ)

    def __call__(self, name: str, type: Any) -> Any:
        self._read.add(name)
        return read_field(self.fields, name, type)

    @property
    def rest(self) -> Fields:
        return without(self.fields, *self._read)


def _sampling(read: _Fields) -> Sampling:
    newer, older = read("max_completion_tokens", int), read("max_tokens", int)
    stop = read("stop", str | list[str])
    return Sampling(
        max_tokens=older if newer is None else newer,
        temperature=read("temperature", float),
        top_p=read("top_p", float),
        top_k=read("top_k", int),
        stop=[stop] if isinstance(stop, str) else stop,
        seed=read("seed", int),
        frequency_penalty=read("frequency_penalty", float),
        presence_penalty=read("presence_penalty", float),
        logit_bias=read("logit_bias", Raw),
    )


def _choices(read: _Fields) -> int:
    choices = read("n", int)
    if choices is not None and choices < 1:
        raise InvalidRequest("`n` must be at least 1.", code="invalid_value", param="n")
    return choices or 1


def _extras(read: _Fields) -> Fields:
    """What is left; `metadata` without the part that is SeaLink's."""
    rest = dict(read.rest)
    metadata = without(object_of(read.fields.get("metadata")) or {}, "task_type")
    return rest | {"metadata": to_raw(metadata)} if metadata else rest


def _response_format(read: _Fields) -> ResponseFormat | None:
    said = read("response_format", _ResponseFormat)
    if said is None:
        return None
    if said.type != "json_schema":
        return ResponseFormat(said.type)
    if said.json_schema is None:
        where = "response_format.json_schema"
        raise InvalidRequest(f"The field `{where}` is missing.", code="missing_field", param=where)
    schema = said.json_schema
    raw = None if schema.schema is None else to_raw(schema.schema)
    return ResponseFormat(said.type, name=schema.name, schema=raw, strict=schema.strict)


def _tools(read: _Fields) -> list[Tool]:
    tools = read("tools", list[dict[str, Raw]]) or []
    functions = read("functions", list[Raw]) or []  # what `tools` were before November 2023
    return [
        *(_tool(tool, f"tools[{number}]") for number, tool in enumerate(tools)),
        *(_function(function, f"functions[{number}]") for number, function in enumerate(functions)),
    ]


def _tool(said: Fields, where: str) -> Tool:
    """`{"type": "function", "function": {…}}`, or flat as in the Responses API, which Cursor sends."""
    kind = read_value(said["type"], f"{where}.type", str) if "type" in said else "function"
    if kind != "function":
        raise InvalidRequest(
            f"A tool of type {kind!r} cannot be passed on to this model: only functions can.",
            code="unsupported_parameter",
            param=f"{where}.type",
        )
    if "function" not in said:
        return _function(to_raw(said), where if "name" in said else f"{where}.function")
    tool = _function(said["function"], f"{where}.function")
    if not is_null(mark := said.get("cache_control")):
        tool.cache_control = mark
    return tool


def _function(raw: Raw, where: str) -> Tool:
    said = read_value(raw, where, _Function)
    return Tool(
        name=said.name,
        description=said.description,
        parameters=None if said.parameters is None else to_raw(said.parameters),
        strict=said.strict,
        cache_control=None if is_null(said.cache_control) else said.cache_control,
    )


def _tool_choice(read: _Fields, tools: list[Tool]) -> tuple[ToolChoice | None, list[Tool]]:
    """The choice, and the tools that it leaves."""
    legacy = read("function_call", str | dict[str, Raw])
    said = read("tool_choice", str | dict[str, Raw])
    if said is None and legacy is not None:
        return (_mode(legacy, "function_call") if isinstance(legacy, str) else _named(legacy, "function_call")), tools
    if said is None:
        return None, tools
    if isinstance(said, str):
        return _mode(said, "tool_choice"), tools
    if text_of(said.get("type")) == "allowed_tools":
        return _allowed(said, tools)
    return _named(object_of(said.get("function")) or said, "tool_choice.function"), tools


def _mode(word: str, where: str) -> ToolChoice:
    if word not in _TOOL_CHOICES:
        raise InvalidRequest(f"`{where}` cannot be {word!r}.", code="invalid_value", param=where)
    return ToolChoice(_TOOL_CHOICES[word])


def _named(said: Fields, where: str) -> ToolChoice:
    name = text_of(said.get("name"))
    if not name:
        raise InvalidRequest(f"The field `{where}.name` is missing.", code="missing_field", param=f"{where}.name")
    return ToolChoice("named", name)


def _allowed(said: Fields, tools: list[Tool]) -> tuple[ToolChoice, list[Tool]]:
    """Some of the tools: `{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": […]}}`."""
    where = "tool_choice.allowed_tools"
    allowed = object_of(said.get("allowed_tools")) or said
    named = read_field(allowed, "tools", list[dict[str, Raw]]) or []
    names = {_named(object_of(tool.get("function")) or tool, f"{where}.tools").name for tool in named}
    return _mode(text_of(allowed.get("mode")) or "auto", f"{where}.mode"), [
        tool for tool in tools if tool.name in names
    ]
