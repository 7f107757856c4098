"""The tools, and which of them may be called: `tools` and `toolConfig`.

https://ai.google.dev/gemini-api/docs/function-calling, https://ai.google.dev/gemini-api/docs/tools
"""

from collections.abc import Sequence
from typing import Any, Final

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, Tool
from sealink.wire.dialects.gemini_generate.upstream.models import ModelRules
from sealink.wire.dialects.gemini_generate.upstream.schema import adapted
from sealink.wire.dialects.shared.unsupported import dropped_parameters, unsupported
from sealink.wire.raw_json.fields import is_null

_BUILTINS: Final = {"web_search": "googleSearch", "web_fetch": "urlContext", "code_execution": "codeExecution"}
_MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}


def write_tools(request: ChatRequest, rules: ModelRules, dropped: list[str]) -> dict[str, Any]:
    """`tools` and `toolConfig`, where the request needs them. Raises InvalidRequest."""
    written: list[dict[str, Any]] = []
    if request.tools:
        written.append({"functionDeclarations": [_declaration(*each) for each in enumerate(request.tools)]})
    written += [_builtin(tool, dropped) for tool in request.builtin_tools]
    config = _calling_config(request)
    if request.tools and request.builtin_tools and rules.combines_tools:
        config["includeServerSideToolInvocations"] = True  # refused otherwise, and unknown to models before 3
    if request.tools:
        dropped += dropped_parameters(request, ("parallel_tool_calls",))
    return ({"tools": written} if written else {}) | ({"toolConfig": config} if config else {})


def _declaration(index: int, tool: Tool) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declaration["description"] = tool.description
    if tool.parameters is not None and not is_null(tool.parameters):
        schema = adapted(tool.parameters, f"tools[{index}].function.parameters")
        if schema:
            declaration["parametersJsonSchema"] = {"type": "object", **schema}
    return declaration


def _builtin(tool: BuiltinTool, dropped: list[str]) -> dict[str, Any]:
    """Google's tools take no parameters. A restriction to certain domains is refused: without it the search would be
    another one."""
    if tool.kind not in _BUILTINS:
        raise unsupported(tool.where, "Gemini", "a tool of this type")
    search, where = tool.web_search, tool.where
    for name in ("allowed_domains", "blocked_domains"):
        if getattr(search, name):
            raise unsupported(f"{where}.{name}", "Gemini", "a search of certain domains only")
    hints = {
        "user_location": bool(search.location),
        "search_context_size": search.context_size not in (None, "medium"),
        "max_uses": search.max_uses is not None,
    }
    dropped += [f"{where}.{name}" for name, is_given in hints.items() if is_given]
    return {_BUILTINS[tool.kind]: {}}


def _calling_config(request: ChatRequest) -> dict[str, Any]:
    """VALIDATED makes calls keep to their schemas: OpenAI's `strict`. Forced calls do so anyway."""
    choice = request.tool_choice
    if not request.tools:
        if choice is not None and choice.mode in ("required", "named"):
            raise InvalidRequest("`tool_choice` requires a tool, but `tools` has no function.", param="tool_choice")
        return {}
    mode = "auto" if choice is None else choice.mode
    word = "VALIDATED" if mode == "auto" and _any_strict(request.tools) else _MODES[mode]
    if choice is None and word == "AUTO":
        return {}
    config: dict[str, Any] = {"mode": word}
    if choice is not None and mode == "named":
        config["allowedFunctionNames"] = [choice.name]
    return {"functionCallingConfig": config}


def _any_strict(tools: Sequence[Tool]) -> bool:
    return any(tool.strict for tool in tools)
