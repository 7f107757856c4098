"""A request's tools, and the choice among them.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview. OpenAI's custom tool, which takes free text,
becomes a function with that text as its one argument.
"""

from typing import Any, Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.anthropic_messages.error_types import NAME
from sealink.wire.dialects.anthropic_messages.upstream.turns import Block
from sealink.wire.dialects.shared.claude.models import ModelRules
from sealink.wire.dialects.shared.claude.schema import enforceable
from sealink.wire.dialects.shared.custom_tools import as_function
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import NULL, Fields, encode
from sealink.wire.raw_json.request_fields import read_value

WEB_SEARCH: Final = {"type": "web_search_20250305", "name": "web_search"}
"""The version of the web search that every Claude model since 3.5 takes."""

_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any", "named": "tool"}


def write_tools(request: ChatRequest, rules: ModelRules, dropped: list[str]) -> dict[str, Any]:
    """`tools` and `tool_choice`. Raises InvalidRequest for a built-in tool that Anthropic does not have."""
    if not request.tools and not request.builtin_tools:
        return _no_tools(request.tool_choice)
    if not rules.structured_outputs and any(tool.strict for tool in request.tools):
        dropped.append("tools.function.strict")
    written: dict[str, Any] = {
        "tools": [
            *(_tool(tool, f"tools[{index}]", rules, dropped) for index, tool in enumerate(request.tools)),
            *(_builtin(tool, dropped) for tool in request.builtin_tools),
        ]
    }
    if request.tool_choice is not None or request.parallel_tool_calls is False:
        written["tool_choice"] = _tool_choice(request.tool_choice, request.parallel_tool_calls)
    return written


def _no_tools(choice: ToolChoice | None) -> dict[str, Any]:
    """Anthropic refuses a `tool_choice` without tools. One that does not force a call has no effect then."""
    if choice is not None and choice.mode in ("required", "named"):
        message = "tool_choice forces a tool call, but the request has no tools: add tools, or set tool_choice to auto."
        raise InvalidRequest(message, param="tool_choice")
    return {}


def _tool(tool: Tool, where: str, rules: ModelRules, dropped: list[str]) -> Block:
    if tool.is_custom:
        tool = as_function(tool, where, dropped)
    strict = bool(tool.strict) and rules.structured_outputs
    block: Block = {"name": tool.name}
    if tool.description is not None:
        block["description"] = tool.description
    block["input_schema"] = _input_schema(tool, where, strict=strict)
    if strict:
        block["strict"] = True
    return _with_cache_control(tool, block)


def _with_cache_control(tool: Tool, block: Block) -> Block:
    return block if tool.cache_control is None else {**block, "cache_control": tool.cache_control}


def _input_schema(tool: Tool, where: str, *, strict: bool) -> Raw | dict[str, Any]:
    """Anthropic requires a schema with a `type`; OpenAI requires neither of a tool without parameters."""
    param = f"{where}.function.parameters"
    schema: Fields | None = read_value(tool.parameters or NULL, param, Fields | None)
    if not schema:
        empty: dict[str, Any] = {"type": "object", "properties": {}}
        return empty | ({"additionalProperties": False} if strict else {})
    if "type" not in schema:
        schema = {"type": Raw(b'"object"'), **schema}
    raw = Raw(encode(schema))
    return enforceable(raw, param) if strict else raw


def _builtin(tool: BuiltinTool, dropped: list[str]) -> Raw | Block:
    if tool.dialect == NAME:
        return tool.raw
    if tool.kind == "web_search":
        return _web_search(tool.web_search, tool.where, dropped)
    raise unsupported(tool.where, "Anthropic", f"a built-in tool of this kind ({tool.kind})")


def _web_search(search: WebSearch, where: str, dropped: list[str]) -> Block:
    if search.context_size not in (None, "medium"):
        dropped.append(f"{where}.search_context_size")
    fields = {
        "allowed_domains": search.allowed_domains,
        "blocked_domains": search.blocked_domains,
        "max_uses": search.max_uses,
        "user_location": {"type": "approximate", **search.location} if search.location else None,
    }
    return {**WEB_SEARCH, **{name: value for name, value in fields.items() if value}}


def _tool_choice(choice: ToolChoice | None, parallel: bool | None) -> Block:
    mode = choice.mode if choice is not None else "auto"
    block: Block = {"type": _CHOICES[mode]}
    if choice is not None and mode == "named":
        block["name"] = choice.name
    if parallel is False and mode != "none":
        block["disable_parallel_tool_use"] = True
    return block
