"""The tools of a request → OpenAI's `tools`, `tool_choice` and `web_search_options`."""

from operator import is_
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool, WebSearch
from sealink.wire.dialects.openai_chat.client.tools import TOOL_CHOICES, WEB_SEARCH_OPTIONS, read_tool, read_tool_choice
from sealink.wire.dialects.shared.custom_tools import as_function
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.dialects.shared.tool_arguments import FREE_TEXT_ARGUMENT
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import Fields, array_of, encode, object_of, text_of, to_raw, without
from sealink.wire.raw_json.request_fields import RequestFields


class _AnyObject(msgspec.Struct):
    pass


class _Function(msgspec.Struct):
    type: Literal["function"]
    function: _AnyObject


class _FunctionTool(msgspec.Struct, tag_field="type", tag="function"):
    function: _AnyObject


class _CustomTool(msgspec.Struct, tag_field="type", tag="custom"):
    custom: _AnyObject


_STANDARD: Final = msgspec.json.Decoder(list[_FunctionTool | _CustomTool])
_FUNCTIONS: Final = msgspec.json.Decoder(list[_Function])
"""A union of one type would take an object without its tag."""
_CUSTOM: Final = to_raw("custom")


def has_custom_tools(fields: Fields) -> bool:
    """Whether a client's own request has them."""
    tools = fields.get("tools")
    return tools is not None and b'"custom"' in bytes(tools)


def forwarded_tools(fields: Fields, dropped: list[str], *, takes_custom_tools: bool) -> Fields:
    """A client's own request with tools in OpenAI's shape, which are functions only for most vendors.

    The very same fields if they are so already. The names of what cannot be sent are added to `dropped`."""
    tools = fields.get("tools")
    if tools is None:
        return fields
    fields = fields | _forwarded_choice(fields, takes_custom_tools)
    if _are_standard(tools, takes_custom_tools=takes_custom_tools):
        return fields
    before = array_of(tools) or []
    after = [_forwarded(raw, number, dropped, takes_custom_tools) for number, raw in enumerate(before)]
    if all(map(is_, before, after)):
        return fields
    return fields | {"tools": to_raw(after)}


def calls_as_functions(fields: Fields) -> Fields:
    """A client's own request whose earlier calls of custom tools are calls of the functions in their place."""
    before = array_of(fields.get("messages")) or []
    after = [_with_functions(raw) for raw in before]
    return fields if all(map(is_, before, after)) else {**fields, "messages": to_raw(after)}


def _are_standard(tools: Raw, *, takes_custom_tools: bool) -> bool:
    try:
        (_STANDARD if takes_custom_tools else _FUNCTIONS).decode(tools)
    except (msgspec.ValidationError, RecursionError):
        return False
    return True


def _forwarded(raw: Raw, number: int, dropped: list[str], takes_custom_tools: bool) -> Raw:
    """Tools that the vendor runs itself are its own affair."""
    fields = object_of(raw) or {}
    is_other = text_of(fields.get("type")) not in (None, "function", "custom")
    if is_other or _are_standard(to_raw([fields]), takes_custom_tools=takes_custom_tools):
        return raw
    tool = read_tool(fields, f"tools[{number}]")
    if isinstance(tool, BuiltinTool):
        return raw
    if tool.is_custom and not takes_custom_tools:
        tool = as_function(tool, f"tools[{number}]", dropped)
    return to_raw(_tool(tool))


def _forwarded_choice(fields: Fields, takes_custom_tools: bool) -> Fields:
    """`tool_choice`, if it is an object of another API's shape."""
    choice = object_of(fields.get("tool_choice"))
    if choice is None or not _is_foreign_choice(choice, takes_custom_tools):
        return {}
    read, _ = read_tool_choice(RequestFields(fields, frozenset()), [])
    if read is None or read.mode != "named":
        return {"tool_choice": to_raw(None if read is None else read.mode)}
    is_custom = takes_custom_tools and choice.get("type") == _CUSTOM
    return {"tool_choice": to_raw(_named("custom" if is_custom else "function", read.name))}


def _is_foreign_choice(choice: Fields, takes_custom_tools: bool) -> bool:
    """A choice that neither names a tool nor has a mode is the vendor's own affair."""
    type = text_of(choice.get("type"))
    if object_of(choice.get("function")) or type == "allowed_tools":
        return False
    if object_of(choice.get("custom")):
        return not takes_custom_tools
    return "name" in choice or type in TOOL_CHOICES


def _with_functions(raw: Raw) -> Raw:
    message = object_of(raw) or {} if b'"custom"' in bytes(raw) else {}
    calls = [object_of(call) or {} for call in array_of(message.get("tool_calls")) or ()]
    if not any("custom" in call for call in calls):
        return raw
    return to_raw({**message, "tool_calls": [_as_function_call(call) for call in calls]})


def _as_function_call(call: Fields) -> Fields:
    custom = object_of(call.get("custom"))
    if custom is None:
        return call
    arguments = encode({FREE_TEXT_ARGUMENT: text_of(custom.get("input")) or ""}).decode()
    function = {"name": custom.get("name"), "arguments": arguments}
    return {**without(call, "custom"), "type": to_raw("function"), "function": to_raw(function)}


def write_tools(request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    """The three fields, None for one that is not needed. Raises InvalidRequest for a tool that is not supported."""
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]}
    for builtin in request.builtin_tools:
        if builtin.dialect == NAME and builtin.where != WEB_SEARCH_OPTIONS:
            fields["tools"].append(builtin.raw)
        else:
            fields[WEB_SEARCH_OPTIONS] = _web_search_options(builtin, dropped)
    fields["tools"] = fields["tools"] or None
    return {**fields, "tool_choice": _tool_choice(request)}


def _tool(tool: Tool) -> dict[str, Any]:
    if tool.is_custom:
        custom = {"name": tool.name, "description": tool.description, "format": _format(tool.format)}
        return {"type": "custom", "custom": _without_none(custom)}
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": _without_none({**function, "strict": tool.strict})}


def _format(format: Raw | None) -> Raw | dict[str, Any] | None:
    """A grammar is one level deeper than in the Responses API."""
    fields = object_of(format)
    if fields is None or "definition" not in fields:
        return format
    return {"type": fields.get("type"), "grammar": without(fields, "type")}


def _web_search_options(tool: BuiltinTool, dropped: list[str]) -> Raw | dict[str, Any]:
    if tool.dialect == NAME:
        return tool.raw
    if tool.kind != "web_search":
        raise _unsupported(tool.where)
    search = tool.web_search
    _refuse_filters(search, tool.where)
    if search.max_uses is not None:
        dropped.append(f"{tool.where}.max_uses")
    place = {"type": "approximate", "approximate": search.location} if search.location else None
    return _without_none({"user_location": place, "search_context_size": search.context_size})


def _refuse_filters(search: WebSearch, where: str) -> None:
    for name in ("allowed_domains", "blocked_domains"):
        if getattr(search, name):
            raise _unsupported(f"{where}.{name}")


def _unsupported(param: str) -> InvalidRequest:
    return unsupported(param, "OpenAI's chat format")


def _tool_choice(request: ChatRequest) -> str | dict[str, Any] | None:
    choice = request.tool_choice
    if choice is None:
        return None
    if choice.mode != "named":
        return choice.mode
    is_custom = any(tool.is_custom and tool.name == choice.name for tool in request.tools)
    return _named("custom" if is_custom else "function", choice.name)


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"type": kind, kind: {"name": name}}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
