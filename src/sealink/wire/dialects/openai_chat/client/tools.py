"""The tools of a chat-completion request, and which of them the model is to use.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools, and the flat shape of the Responses
API, which Cursor sends, or Anthropic's. `web_search_options` is a built-in tool outside of `tools`.
"""

from typing import Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinKind, BuiltinTool, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.raw_json.fields import NULL, Fields, is_null, object_of, text_of, to_raw
from sealink.wire.raw_json.request_fields import RequestFields, missing, read_field, read_value

WEB_SEARCH_OPTIONS: Final = "web_search_options"

TOOL_CHOICES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",  # Mistral's name for it
}
_BUILTIN_KINDS: Final[dict[str, BuiltinKind]] = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_execution",
    "image_generation": "image_generation",
    "mcp": "mcp",
}
"""OpenAI's built-in tools, by their types in the Responses API. Those of other vendors are `other`."""


class _Function(msgspec.Struct, kw_only=True):
    name: str
    description: str | None = None
    parameters: dict[str, Raw] | None = None
    input_schema: dict[str, Raw] | None = None
    strict: bool | None = None
    cache_control: Raw = NULL


class _Custom(msgspec.Struct, kw_only=True):
    name: str
    description: str | None = None
    format: dict[str, Raw] | None = None


class _Location(msgspec.Struct):
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None
    approximate: "_Location | None" = None


class _Filters(msgspec.Struct):
    allowed_domains: list[str] | None = None


class _WebSearch(msgspec.Struct):
    user_location: _Location | None = None
    search_context_size: str | None = None
    filters: _Filters | None = None


def read_tools(read: RequestFields) -> tuple[list[Tool], list[BuiltinTool]]:
    """Functions and custom tools, and the built-in tools, which the upstream runs itself."""
    tools: list[Tool] = []
    builtin: list[BuiltinTool] = []
    for number, fields in enumerate(read("tools", list[dict[str, Raw]]) or []):
        tool = read_tool(fields, f"tools[{number}]")
        (tools if isinstance(tool, Tool) else builtin).append(tool)  # type: ignore[arg-type]
    for number, function in enumerate(read("functions", list[Raw]) or []):  # what `tools` were before November 2023
        tools.append(_function(function, f"functions[{number}]"))
    if (options := read(WEB_SEARCH_OPTIONS, dict[str, Raw])) is not None:
        builtin.append(_builtin("web_search", WEB_SEARCH_OPTIONS, to_raw(options)))
    return tools, builtin


def read_tool(fields: Fields, where: str) -> Tool | BuiltinTool:
    kind = read_value(fields["type"], f"{where}.type", str | None) or "function" if "type" in fields else "function"
    if kind == "custom" and "input_schema" in fields:  # Anthropic's name of a function
        kind = "function"
    if kind == "custom":
        return _custom(fields, where)
    if kind != "function":
        return _builtin(_BUILTIN_KINDS.get(kind, "other"), where, to_raw(fields))
    if "function" not in fields:
        return _function(to_raw(fields), where if "name" in fields else f"{where}.function")
    tool = _function(fields["function"], f"{where}.function")
    if not is_null(mark := fields.get("cache_control")):
        tool.cache_control = mark
    return tool


def _function(raw: Raw, where: str) -> Tool:
    function = read_value(raw, where, _Function)
    parameters = function.input_schema if function.parameters is None else function.parameters
    return Tool(
        name=function.name,
        description=function.description,
        parameters=None if parameters is None else to_raw(parameters),
        strict=function.strict,
        cache_control=None if is_null(function.cache_control) else function.cache_control,
    )


def _custom(fields: Fields, where: str) -> Tool:
    """`{"type": "custom", "custom": {…}}`; a grammar is one level deeper than in the Responses API."""
    where = f"{where}.custom" if "custom" in fields else where
    custom = read_value(fields.get("custom") or to_raw(fields), where, _Custom)
    format = custom.format or {}
    if (grammar := object_of(format.get("grammar"))) is not None:
        format = {"type": format.get("type", NULL), **grammar}
    return Tool(
        name=custom.name, description=custom.description, is_custom=True, format=to_raw(format) if format else None
    )


def _builtin(kind: BuiltinKind, where: str, raw: Raw) -> BuiltinTool:
    tool = BuiltinTool(kind=kind, where=where, raw=raw, dialect=NAME)
    if kind == "web_search":
        tool.web_search = _web_search(read_value(raw, where, _WebSearch))
    return tool


def _web_search(search: _WebSearch) -> WebSearch:
    location = search.user_location or _Location()
    place = msgspec.structs.asdict(location.approximate or location)
    return WebSearch(
        allowed_domains=(search.filters or _Filters()).allowed_domains or [],
        location={name: value for name, value in place.items() if isinstance(value, str)},
        context_size=search.search_context_size,
    )


def read_tool_choice(read: RequestFields, tools: list[Tool]) -> tuple[ToolChoice | None, list[Tool]]:
    """The choice, and the tools that it allows."""
    legacy = read("function_call", str | dict[str, Raw])
    choice = read("tool_choice", str | dict[str, Raw])
    if choice is None and legacy is not None:
        return (_mode(legacy, "function_call") if isinstance(legacy, str) else _named(legacy, "function_call")), tools
    if choice is None:
        return None, tools
    if isinstance(choice, str):
        return _mode(choice, "tool_choice"), tools
    type = text_of(choice.get("type"))
    if type == "allowed_tools":
        return _allowed(choice, tools)
    if type in TOOL_CHOICES:  # Anthropic's objects
        return _mode(type, "tool_choice"), tools
    kind = "custom" if "custom" in choice else "function"
    return _named(object_of(choice.get(kind)) or choice, f"tool_choice.{kind}"), tools


def _mode(mode: str, where: str) -> ToolChoice:
    if mode not in TOOL_CHOICES:
        message = f"`{where}` must be one of {', '.join(TOOL_CHOICES)}, or name a tool; it is {mode!r}."
        raise InvalidRequest(message, code="invalid_value", param=where)
    return ToolChoice(TOOL_CHOICES[mode])


def _named(fields: Fields, where: str) -> ToolChoice:
    name = text_of(fields.get("name"))
    if not name:
        raise missing(f"{where}.name")
    return ToolChoice("named", name)


def _allowed(fields: Fields, tools: list[Tool]) -> tuple[ToolChoice, list[Tool]]:
    """Some of the tools: `{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": […]}}`."""
    where = "tool_choice.allowed_tools"
    allowed = object_of(fields.get("allowed_tools")) or fields
    named = read_field(allowed, "tools", list[dict[str, Raw]]) or []
    inner = (object_of(tool.get("function")) or object_of(tool.get("custom")) or tool for tool in named)
    names = {_named(tool, f"{where}.tools").name for tool in inner}
    return _mode(text_of(allowed.get("mode")) or "auto", f"{where}.mode"), [
        tool for tool in tools if tool.name in names
    ]
