"""Tools, and the choice among them: SeaLink's → Bedrock's `toolConfig`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html
"""

from collections.abc import Sequence
from typing import Any, Final

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool, ToolCall, WebSearch
from sealink.wire.dialects.bedrock_converse.upstream.families import Family
from sealink.wire.dialects.bedrock_converse.upstream.media import Block
from sealink.wire.dialects.bedrock_converse.upstream.turns import Conversation, Group, has_tool_blocks
from sealink.wire.dialects.shared.turns import Turn
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import is_null

_CHOICES: Final = {"auto": "auto", "required": "any", "named": "tool"}
_ANY_OBJECT: Final = {"type": "object", "properties": {}}


def write_tools(
    request: ChatRequest, family: Family, conversation: Conversation, turns: Sequence[Turn[Group]], dropped: list[str]
) -> Block:
    """The `toolConfig` field, if the request needs one."""
    mode = request.tool_choice.mode if request.tool_choice is not None else None
    tools = [block for tool in request.tools for block in _tool(tool, family, conversation, dropped)]
    tools += [_system_tool(tool, family, dropped) for tool in request.builtin_tools]
    if not tools and mode in ("required", "named"):
        message = "tool_choice forces a tool call, but the request has no tools: add tools, or set tool_choice to auto."
        raise InvalidRequest(message, param="tool_choice")
    if has_tool_blocks(turns):
        tools = tools or _tools_called(request)
        if mode == "none":
            dropped.append("tool_choice")
    elif mode == "none":
        tools = []  # Bedrock has no choice `none`: without tools, none is called
    return _config(tools, request) if tools else {}


def _config(tools: list[Block], request: ChatRequest) -> Block:
    config: dict[str, Any] = {"tools": tools}
    choice = request.tool_choice
    if choice is not None and choice.mode != "none":
        config["toolChoice"] = {_CHOICES[choice.mode]: {"name": choice.name} if choice.mode == "named" else {}}
    return {"toolConfig": config}


def _tool(tool: Tool, family: Family, conversation: Conversation, dropped: list[str]) -> list[Block]:
    given = tool.parameters
    schema = _ANY_OBJECT if given is None or is_null(given) else family.tool_schema(given, f"tools.{tool.name}")
    spec: dict[str, Any] = {"name": tool.name, "inputSchema": {"json": schema}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict and family.enforces_schemas:
        spec["strict"] = True
    elif tool.strict and "tools.function.strict" not in dropped:
        dropped.append("tools.function.strict")
    return [{"toolSpec": spec}, *conversation.cache_point(tool.cache_control)]


def _system_tool(tool: BuiltinTool, family: Family, dropped: list[str]) -> Block:
    name = family.system_tools.get(tool.kind)
    if name is None:
        raise unsupported(tool.where, "Bedrock", f"a tool of this kind ({tool.kind}) for this model")
    if tool.web_search != WebSearch():
        dropped.append(f"{tool.where}.{tool.kind}")
    return {"systemTool": {"name": name}}


def _tools_called(request: ChatRequest) -> list[Block]:
    """The tools that were called in earlier turns: a conversation with tool calls must have tools."""
    parts = (part for message in request.messages for part in message.parts)
    names = dict.fromkeys(part.name for part in parts if isinstance(part, ToolCall))
    return [{"toolSpec": {"name": name, "inputSchema": {"json": _ANY_OBJECT}}} for name in names]
