"""The tools of a chat-completion request, and which of them the model is to use.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools, and the flat shape of the Responses
API, which Cursor sends. `web_search_options` is a built-in tool that stands beside the others.
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

_TOOL_CHOICES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "any": "required",  # Mistral's word
}
_BUILTIN_KINDS: Final[dict[str, BuiltinKind]] = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_execution",
    "image_generation": "image_generation",
    "mcp": "mcp",
}
"""OpenAI's own, by their names in the Responses API; those that only one vendor knows are `other`."""


class _Function(msgspec.Struct, kw_only=True):
    name: str
    description: str | None = None
    parameters: dict[str, Raw] | None = None
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
    """Functions and custom tools, and those that the upstream itself runs."""
    tools: list[Tool] = []
    builtin: list[BuiltinTool] = []
    for number, said in enumerate(read("tools", list[dict[str, Raw]]) or []):
        tool = _tool(said, f"tools[{number}]")
        (tools if isinstance(tool, Tool) else builtin).append(tool)  # type: ignore[arg-type]
    for number, function in enumerate(read("functions", list[Raw]) or []):  # what `tools` were before November 2023
        tools.append(_function(function, f"functions[{number}]"))
    if (options := read(WEB_SEARCH_OPTIONS, dict[str, Raw])) is not None:
        builtin.append(_builtin("web_search", WEB_SEARCH_OPTIONS, to_raw(options)))
    return tools, builtin


def _tool(said: Fields, where: str) -> Tool | BuiltinTool:
    kind = read_value(said["type"], f"{where}.type", str) if "type" in said else "function"
    if kind == "custom":
        return _custom(said, where)
    if kind != "function":
        return _builtin(_BUILTIN_KINDS.get(kind, "other"), where, to_raw(said))
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


def _custom(said: Fields, where: str) -> Tool:
    """`{"type": "custom", "custom": {…}}`; a grammar stands one level deeper than in the Responses API."""
    where = f"{where}.custom" if "custom" in said else where
    custom = read_value(said.get("custom") or to_raw(said), where, _Custom)
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


def _web_search(said: _WebSearch) -> WebSearch:
    location = said.user_location or _Location()
    place = msgspec.structs.asdict(location.approximate or location)
    return WebSearch(
        allowed_domains=(said.filters or _Filters()).allowed_domains or [],
        location={name: value for name, value in place.items() if isinstance(value, str)},
        context_size=said.search_context_size,
    )


def read_tool_choice(read: RequestFields, tools: list[Tool]) -> tuple[ToolChoice | None, list[Tool]]:
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
    kind = "custom" if "custom" in said else "function"
    return _named(object_of(said.get(kind)) or said, f"tool_choice.{kind}"), tools


def _mode(word: str, where: str) -> ToolChoice:
    if word not in _TOOL_CHOICES:
        raise InvalidRequest(f"`{where}` cannot be {word!r}.", code="invalid_value", param=where)
    return ToolChoice(_TOOL_CHOICES[word])


def _named(said: Fields, where: str) -> ToolChoice:
    name = text_of(said.get("name"))
    if not name:
        raise missing(f"{where}.name")
    return ToolChoice("named", name)


def _allowed(said: Fields, tools: list[Tool]) -> tuple[ToolChoice, list[Tool]]:
    """Some of the tools: `{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": […]}}`."""
    where = "tool_choice.allowed_tools"
    allowed = object_of(said.get("allowed_tools")) or said
    named = read_field(allowed, "tools", list[dict[str, Raw]]) or []
    inner = (object_of(tool.get("function")) or object_of(tool.get("custom")) or tool for tool in named)
    names = {_named(tool, f"{where}.tools").name for tool in inner}
    return _mode(text_of(allowed.get("mode")) or "auto", f"{where}.mode"), [
        tool for tool in tools if tool.name in names
    ]
