"""The tools of a request, and which of them the model is to use.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview. A custom tool of OpenAI's, which takes
free text, becomes a function with that text as its one argument, `input`.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool, ToolChoice, WebSearch
from sealink.wire.dialects.anthropic_messages.errors import NAME
from sealink.wire.dialects.anthropic_messages.extras import read_extra
from sealink.wire.dialects.anthropic_messages.upstream.models import ModelRules
from sealink.wire.dialects.anthropic_messages.upstream.schema import enforceable
from sealink.wire.dialects.anthropic_messages.upstream.turns import FREE_TEXT, Block

WEB_SEARCH: Final = {"type": "web_search_20250305", "name": "web_search"}
"""The web search that every Claude model since 3.5 takes."""

_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any", "named": "tool"}
_NULL: Final = Raw(b"null")


class _Format(msgspec.Struct):
    type: str = "text"
    syntax: str = ""
    definition: str = ""


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
    """A choice among no tools is refused by Anthropic. One that leaves the model free means nothing then."""
    if choice is not None and choice.mode in ("required", "named"):
        raise InvalidRequest("tool_choice asks for a tool, and there are no tools.", param="tool_choice")
    return {}


def _tool(tool: Tool, where: str, rules: ModelRules, dropped: list[str]) -> Block:
    if tool.is_custom:
        return _marked(tool, _custom(tool, where, dropped))
    strict = bool(tool.strict) and rules.structured_outputs
    block: Block = {"name": tool.name}
    if tool.description is not None:
        block["description"] = tool.description
    block["input_schema"] = _input_schema(tool, where, strict=strict)
    if strict:
        block["strict"] = True
    return _marked(tool, block)


def _marked(tool: Tool, block: Block) -> Block:
    return block if tool.cache_control is None else {**block, "cache_control": tool.cache_control}


def _input_schema(tool: Tool, where: str, *, strict: bool) -> Raw | dict[str, Any]:
    """Required, and its `type` too, where OpenAI lets a tool without parameters do without."""
    param = f"{where}.function.parameters"
    schema = read_extra({param: tool.parameters or _NULL}, param, dict[str, Raw])
    if not schema:
        empty: dict[str, Any] = {"type": "object", "properties": {}}
        return empty | ({"additionalProperties": False} if strict else {})
    if "type" not in schema:
        schema = {"type": Raw(b'"object"'), **schema}
    raw = Raw(msgspec.json.encode(schema))
    return enforceable(raw, param) if strict else raw


def _custom(tool: Tool, where: str, dropped: list[str]) -> Block:
    """Anthropic cannot hold a model to a grammar: the model is told of it in words."""
    param = f"{where}.custom.format"
    format = read_extra({param: tool.format or _NULL}, param, _Format) or _Format()
    about = [tool.description or ""]
    if format.type == "grammar":
        dropped.append("tools.custom.format")
        about.append(f"The input must match this {format.syntax} grammar:\n\n{format.definition}")
    schema = {"type": "object", "properties": {FREE_TEXT: {"type": "string"}}, "required": [FREE_TEXT]}
    described = {"description": text} if (text := "\n\n".join(filter(None, about))) else {}
    return {"name": tool.name, **described, "input_schema": schema}


def _builtin(tool: BuiltinTool, dropped: list[str]) -> Raw | Block:
    if tool.dialect == NAME:
        return tool.raw
    if tool.kind == "web_search":
        return _web_search(tool.web_search, tool.where, dropped)
    raise InvalidRequest(
        f"{tool.where} cannot be passed on: Anthropic runs no such tool.",
        code="unsupported_parameter",
        param=tool.where,
    )


def _web_search(search: WebSearch, where: str, dropped: list[str]) -> Block:
    if search.context_size not in (None, "medium"):
        dropped.append(f"{where}.search_context_size")
    said = {
        "allowed_domains": search.allowed_domains,
        "blocked_domains": search.blocked_domains,
        "max_uses": search.max_uses,
        "user_location": {"type": "approximate", **search.location} if search.location else None,
    }
    return {**WEB_SEARCH, **{name: value for name, value in said.items() if value}}


def _tool_choice(choice: ToolChoice | None, parallel: bool | None) -> Block:
    mode = choice.mode if choice is not None else "auto"
    block: Block = {"type": _CHOICES[mode]}
    if choice is not None and mode == "named":
        block["name"] = choice.name
    if parallel is False and mode != "none":
        block["disable_parallel_tool_use"] = True
    return block
