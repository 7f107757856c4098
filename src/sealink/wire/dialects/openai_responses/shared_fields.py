"""Request fields that a response repeats: `tools`, `tool_choice` and `text.format`.

Written to upstreams in a request, and to clients in the response object.
https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Mapping
from typing import Any

from sealink.request import ResponseFormat, Tool, ToolChoice


def write_tool(tool: Tool) -> dict[str, Any]:
    """A function, which is strict in this API unless it says otherwise (elsewhere it is the other way round), or a
    custom tool."""
    fields: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.is_custom:
        return present({"type": "custom", **fields, "format": tool.format})
    parameters = tool.parameters or {"type": "object", "properties": {}}
    if tool.is_tool_search:
        description = {"description": tool.description}
        return present({"type": "tool_search", "execution": "client", **description, "parameters": parameters})
    return present({"type": "function", **fields, "parameters": parameters, "strict": bool(tool.strict)})


def write_tool_choice(choice: ToolChoice, tools: list[Tool]) -> str | dict[str, Any]:
    """`tool_choice`: a mode, or one tool by its name."""
    if choice.mode != "named":
        return choice.mode
    is_custom = any(tool.is_custom and tool.name == choice.name for tool in tools)
    return {"type": "custom" if is_custom else "function", "name": choice.name}


def write_format(format: ResponseFormat | None) -> dict[str, Any] | None:
    """`text.format`."""
    if format is None:
        return None
    if format.kind != "json_schema":
        return {"type": format.kind}
    return present({"type": format.kind, "name": format.name, "schema": format.schema, "strict": format.strict})


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
