"""The tools of a client's request, and the choice among them. A built-in tool is known by its type.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinKind, BuiltinTool, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.anthropic_messages.error_types import NAME
from sealink.wire.raw_json.fields import NULL, Fields, is_null, to_raw, without
from sealink.wire.raw_json.request_fields import RequestFields, read_value

_KINDS: Final[dict[str, BuiltinKind]] = {
    "web_search": "web_search",
    "web_fetch": "web_fetch",
    "code_execution": "code_execution",
    "mcp_toolset": "mcp",
}
"""Kinds by the beginning of the type, before its date; all others are `other`."""

_SCHEMAS: Final[dict[str, tuple[str, dict[str, str], tuple[str, ...]]]] = {
    "bash_": ("Run a command in a shell that keeps its state.", {"command": "string", "restart": "boolean"}, ()),
    "text_editor_": (
        "View, create and edit files. `command` is one of view, create, str_replace, insert; `view_range` is the first "
        "and the last line.",
        {
            **{"command": "string", "path": "string", "file_text": "string", "old_str": "string", "new_str": "string"},
            **{"insert_line": "integer", "insert_text": "string", "view_range": "array"},
        },
        ("command", "path"),
    ),
    "memory_": (
        "Keep notes in files below /memories. `command` is one of view, create, str_replace, insert, delete, rename.",
        {
            **{"command": "string", "path": "string", "file_text": "string", "old_str": "string", "new_str": "string"},
            **{"insert_line": "integer", "insert_text": "string", "view_range": "array"},
            **{"old_path": "string", "new_path": "string"},
        },
        ("command",),
    ),
    "computer_": (
        "Use a computer's screen, mouse and keyboard. `action` is one of screenshot, left_click, right_click, "
        "double_click, mouse_move, left_click_drag, type, key, scroll, wait; `coordinate` is [x, y] in pixels.",
        {
            **{"action": "string", "coordinate": "array", "start_coordinate": "array", "text": "string"},
            **{"scroll_direction": "string", "scroll_amount": "integer", "duration": "integer"},
        },
        ("action",),
    ),
}
"""Tools that the client runs, and whose schemas Claude models know: descriptions, arguments and the required ones for
other models. https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#client-tools"""

_TOOL_SEARCH: Final = "tool_search_tool_"
"""Tools marked `defer_loading` are found by it, which only saves tokens: to other models all are declared at once."""

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
    """The functions, and the built-in tools. Fields of a function that no other dialect has are added to `left_out`."""
    tools: list[Tool] = []
    builtin: list[BuiltinTool] = []
    for number, fields in enumerate(read("tools", list[dict[str, Raw]]) or []):
        where = f"tools[{number}]"
        type = read_value(fields.get("type", NULL), f"{where}.type", str | None)
        if type in (None, "custom"):
            tools.append(_function(to_raw(fields), where))
            left_out |= {f"tools.{name}": raw for name, raw in without(fields, *_Function.__struct_fields__).items()}
        elif (
            schema := next((schema for begin, schema in _SCHEMAS.items() if type.startswith(begin)), None)
        ) is not None:
            tools.append(_known(to_raw(fields), where, *schema))
        elif type.startswith(_TOOL_SEARCH):
            left_out[where] = to_raw(fields)
        else:
            builtin.append(_builtin(type, where, to_raw(fields)))
    for number, server in enumerate(read("mcp_servers", list[Raw]) or []):
        builtin.append(BuiltinTool(kind="mcp", where=f"mcp_servers[{number}]", raw=server, dialect=NAME))
    return tools, builtin


def _function(raw: Raw, where: str) -> Tool:
    function = read_value(raw, where, _Function)
    return Tool(
        name=function.name,
        description=function.description,
        parameters=None if function.input_schema is None else to_raw(function.input_schema),
        strict=function.strict,
        cache_control=None if is_null(function.cache_control) else function.cache_control,
    )


def _known(raw: Raw, where: str, description: str, arguments: dict[str, str], required: tuple[str, ...]) -> Tool:
    """A function in place of a tool whose schema is not in the request."""
    tool = _function(raw, where)
    properties: dict[str, Any] = {name: {"type": type} for name, type in arguments.items()}
    for name, type in arguments.items():
        if type == "array":
            properties[name]["items"] = {"type": "integer"}
    tool.description = description
    tool.parameters = to_raw({"type": "object", "properties": properties, "required": list(required)})
    return tool


def _builtin(type: str, where: str, raw: Raw) -> BuiltinTool:
    kind: BuiltinKind = next((kind for begin, kind in _KINDS.items() if type.startswith(begin)), "other")
    tool = BuiltinTool(kind=kind, where=where, raw=raw, dialect=NAME)
    if kind == "web_search":
        search = read_value(raw, where, _WebSearch)
        location: dict[str, Any] = msgspec.structs.asdict(search.user_location) if search.user_location else {}
        tool.web_search = WebSearch(
            allowed_domains=search.allowed_domains or [],
            blocked_domains=search.blocked_domains or [],
            location={name: value for name, value in location.items() if value},
            max_uses=search.max_uses,
        )
    return tool


def read_tool_choice(read: RequestFields) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several tools may be called at once; None where the request does not say."""
    choice = read("tool_choice", _Choice)
    if choice is None:
        return None, None
    mode = _MODES.get(choice.type)
    if mode is None:
        raise _invalid("tool_choice.type", f"one of {', '.join(_MODES)}, not {choice.type!r}")
    if mode == "named" and not choice.name:
        raise _invalid("tool_choice.name", "the name of a tool where `tool_choice.type` is 'tool'")
    parallel = None if choice.disable_parallel_tool_use is None else not choice.disable_parallel_tool_use
    return ToolChoice(mode, choice.name or ""), parallel


def _invalid(where: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"`{where}` must be {expected}.", code="invalid_value", param=where)
