"""The tools of a client's request. https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinKind, BuiltinTool, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.raw_json.fields import NULL, Fields, is_null, starts_with, text_of, to_raw
from sealink.wire.raw_json.request_fields import RequestFields, missing, read_value, untranslatable

_MODES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
}
_KINDS: Final[dict[str, BuiltinKind]] = {
    "web_search": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_execution",
    "image_generation": "image_generation",
    "mcp": "mcp",
}
"""Built-in tools by the prefixes of their types (`web_search_preview_2025_03_11`); all others are `other`."""


_RUN_BY_CLIENT: Final = ("tool_search", "local_shell", "shell", "apply_patch", "computer", "computer_use_preview")
"""Tools of OpenAI's that no other upstream knows, and without which an answer is possible: the client runs them, or
they only save tokens."""

_DEFAULT_NAMESPACE: Final = "functions"
"""Where OpenAI's models find all tools that have no namespace: to Codex it is the same as none."""

TOOL_SEARCH: Final = "tool_search"


class _Tool(msgspec.Struct, kw_only=True):
    """A tool of any type; `tools` are those of a namespace, or of an item that declares tools.

    `execution` says who runs a `tool_search`: `client` or `server`.
    """

    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Raw] | None = None
    strict: bool | None = None
    format: Raw = NULL
    cache_control: Raw = NULL
    tools: list[Raw] | None = None
    external_web_access: bool | None = None
    execution: str | None = None


class _Filters(msgspec.Struct):
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class _WebSearch(msgspec.Struct):
    filters: _Filters | None = None
    user_location: dict[str, str | None] | None = None
    search_context_size: str | None = None


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None
    mode: str | None = None
    tools: list[dict[str, Raw]] | None = None


class _Declaring(msgspec.Struct):
    """What is read of an input item here: whether it declares tools."""

    type: str = ""
    tools: Raw = NULL


_DECLARING_ITEMS: Final = ("additional_tools", "tool_search_output")


class ReadTools(msgspec.Struct):
    """`own`: functions and custom tools, which the client runs. `builtin`: tools that the upstream runs.
    `left_out`: tools that are dropped, by their places in the request."""

    own: list[Tool] = []
    builtin: list[BuiltinTool] = []
    left_out: Fields = {}

    def add(self, raw: Raw, where: str, namespace: str = "") -> None:
        """Raises InvalidRequest."""
        tool = read_value(raw, where, _Tool)
        if tool.type in ("function", "custom"):
            self.own.append(_tool(tool, where, namespace))
        elif tool.type == "namespace":
            for number, inner in enumerate(tool.tools or ()):
                self.add(inner, f"{where}.tools[{number}]", tool.name or "")
        elif tool.type == TOOL_SEARCH and (tool.execution == "client" or tool.parameters is not None):
            tool.name = tool.name or TOOL_SEARCH
            search = _tool(tool, where, "")
            search.is_tool_search = True
            self.own.append(search)
        elif tool.external_web_access is False or tool.type in _RUN_BY_CLIENT:
            # A search in OpenAI's own copy of the web, which only OpenAI has. Codex offers it with every request.
            self.left_out[where] = raw
        else:
            self.builtin.append(_builtin(tool.type, raw, where))


def read_tools(read: RequestFields) -> ReadTools:
    """The tools of `tools`, and of the items of `input` that declare or load some (Codex does so since 0.144). One
    that is declared again is the same tool. Raises InvalidRequest."""
    tools = ReadTools()
    for number, raw in enumerate(read("tools", list[Raw]) or []):
        tools.add(raw, f"tools[{number}]")
    input = read.fields.get("input", NULL)
    for number, item in enumerate(read_value(input, "input", list[Raw]) if starts_with(input, b"[") else ()):
        declaring = read_value(item, f"input[{number}]", _Declaring)
        if declaring.type in _DECLARING_ITEMS and not is_null(declaring.tools):
            where = f"input[{number}].tools"
            for place, raw in enumerate(read_value(declaring.tools, where, list[Raw])):
                tools.add(raw, f"{where}[{place}]")
    tools.own = list({tool.name: tool for tool in tools.own}.values())
    return tools


def flat_name(namespace: str | None, name: str) -> str:
    """The name that a tool of a namespace has at an upstream without namespaces."""
    return name if namespace in (None, "", _DEFAULT_NAMESPACE) else f"{namespace}__{name}"


def _tool(tool: _Tool, where: str, namespace: str) -> Tool:
    if not tool.name:
        raise missing(f"{where}.name")
    name = flat_name(namespace, tool.name)
    return Tool(
        name=name,
        namespace=namespace if name != tool.name else "",
        description=tool.description,
        parameters=None if tool.parameters is None else to_raw(tool.parameters),
        strict=tool.strict,
        cache_control=None if is_null(tool.cache_control) else tool.cache_control,
        is_custom=tool.type == "custom",
        format=None if is_null(tool.format) else tool.format,
    )


def _builtin(type: str, raw: Raw, where: str) -> BuiltinTool:
    kind: BuiltinKind = next((kind for name, kind in _KINDS.items() if type.startswith(name)), "other")
    search = _web_search(raw, where) if kind == "web_search" else WebSearch()
    return BuiltinTool(kind=kind, where=where, raw=raw, dialect=NAME, web_search=search)


def _web_search(raw: Raw, where: str) -> WebSearch:
    search = read_value(raw, where, _WebSearch)
    filters, place = search.filters or _Filters(), search.user_location or {}
    return WebSearch(
        allowed_domains=filters.allowed_domains or [],
        blocked_domains=filters.blocked_domains or [],
        location={name: value for name, value in place.items() if name != "type" and value},
        context_size=search.search_context_size,
    )


def read_tool_choice(read: RequestFields, tools: list[Tool]) -> tuple[ToolChoice | None, list[Tool]]:
    """The choice, and the tools that it allows."""
    value: Any = read("tool_choice", str | dict[str, Raw])
    if value is None or isinstance(value, str):
        return (None if value is None else _mode(value, "tool_choice")), tools
    choice = read_value(to_raw(value), "tool_choice", _Choice)
    if choice.type == "allowed_tools":
        names = {text_of(tool.get("name")) for tool in choice.tools or ()}
        return _mode(choice.mode or "auto", "tool_choice.mode"), [tool for tool in tools if tool.name in names]
    if choice.type in ("function", "custom"):
        if not choice.name:
            raise missing("tool_choice.name")
        return ToolChoice("named", choice.name), tools
    raise untranslatable(f"The choice of a tool of type {choice.type!r}", "tool_choice.type")


def _mode(word: str, where: str) -> ToolChoice:
    if word not in _MODES:
        message = f"`{where}` must be one of {', '.join(_MODES)}, not {word!r}."
        raise InvalidRequest(message, code="invalid_value", param=where)
    return ToolChoice(_MODES[word])
