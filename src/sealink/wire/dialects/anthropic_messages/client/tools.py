"""The tools that a client offers, and which of them the model is to use. A built-in tool is known by its type.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinKind, BuiltinTool, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.anthropic_messages.errors import NAME
from sealink.wire.raw_json.fields import NULL, Fields, is_null, to_raw, without
from sealink.wire.raw_json.request_fields import RequestFields, read_value

_KINDS: Final[dict[str, BuiltinKind]] = {
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_execution": "code_execution",
    "mcp_toolset": "mcp",
}
"""By how their types begin, before the date. Tools that the client runs (bash, text_editor, computer) are `other`."""

_MODES: Final[dict[str, Literal["auto", "none", "required", "named"]]] = {
    "auto": "auto",
    "none": "none",
    "any": "required",
    "tool": "named",
}


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    input_schema: dict[str, Raw] | None = None
    strict: bool | None = None
    cache_control: Raw = NULL
    type: str | None = None


class _Location(msgspec.Struct):
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class _WebSearch(msgspec.Struct):
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    max_uses: int | None = None
    user_location: _Location | None = None


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


def read_tools(read: RequestFields, left_out: Fields) -> tuple[list[Tool], list[BuiltinTool]]:
    """The client's functions, and the built-in tools. Fields of a function that no other dialect has are `left_out`."""
    tools: list[Tool] = []
    builtin: list[BuiltinTool] = []
    for number, said in enumerate(read("tools", list[dict[str, Raw]]) or []):
        where = f"tools[{number}]"
        type = read_value(said.get("type", NULL), f"{where}.type", str | None)
        if type in (None, "custom"):
            tools.append(_function(to_raw(said), where))
            left_out |= {f"tools.{name}": raw for name, raw in without(said, *_Function.__struct_fields__).items()}
        else:
            builtin.append(_builtin(type, where, to_raw(said)))
    for number, server in enumerate(read("mcp_servers", list[Raw]) or []):
        builtin.append(BuiltinTool(kind="mcp", where=f"mcp_servers[{number}]", raw=server, dialect=NAME))
    return tools, builtin


def _function(raw: Raw, where: str) -> Tool:
    said = read_value(raw, where, _Function)
    return Tool(
        name=said.name,
        description=said.description,
        parameters=None if said.input_schema is None else to_raw(said.input_schema),
        strict=said.strict,
        cache_control=None if is_null(said.cache_control) else said.cache_control,
    )


def _builtin(type: str, where: str, raw: Raw) -> BuiltinTool:
    kind: BuiltinKind = next((kind for begin, kind in _KINDS.items() if type.startswith(begin)), "other")
    tool = BuiltinTool(kind=kind, where=where, raw=raw, dialect=NAME)
    if kind == "web_search":
        said = read_value(raw, where, _WebSearch)
        place: dict[str, Any] = msgspec.structs.asdict(said.user_location) if said.user_location else {}
        tool.web_search = WebSearch(
            allowed_domains=said.allowed_domains or [],
            blocked_domains=said.blocked_domains or [],
            location={name: value for name, value in place.items() if value},
            max_uses=said.max_uses,
        )
    return tool


def read_tool_choice(read: RequestFields) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several tools may be called at once; None where the client did not say."""
    said = read("tool_choice", _Choice)
    if said is None:
        return None, None
    mode = _MODES.get(said.type)
    if mode is None or (mode == "named" and not said.name):
        where = "tool_choice.type" if mode is None else "tool_choice.name"
        raise InvalidRequest(f"`{where}` cannot be {said.type!r}.", code="invalid_value", param=where)
    parallel = None if said.disable_parallel_tool_use is None else not said.disable_parallel_tool_use
    return ToolChoice(mode, said.name or ""), parallel
