"""The tools of a request → OpenAI's `tools`, `tool_choice` and `web_search_options`."""

from typing import Any

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool, WebSearch
from sealink.wire.dialects.openai_chat.client.tools import WEB_SEARCH_OPTIONS
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import object_of, without


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
    kind = "custom" if is_custom else "function"
    return {"type": kind, kind: {"name": choice.name}}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
