"""A ChatRequest → POST /v2/chat. https://docs.cohere.com/v2/reference/chat

Every field is used, named in `dropped` (an unsupported parameter) or refused (an unsupported feature).
"""

import re
from typing import Any, Final

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, ResponseFormat, Tool
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.cohere_chat.upstream.messages import write_messages
from sealink.wire.dialects.shared.custom_tools import custom_tools_as_functions
from sealink.wire.dialects.shared.json_schema import required_schema
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras, supported_effort
from sealink.wire.raw_json.fields import encode, is_null

PATH: Final = "/v2/chat"

REFUSED: Final = ("n", "modalities", "builtin_tools", "web_search_options")
DROPPED: Final = (
    "logit_bias",
    "parallel_tool_calls",
    "thinking_summary",
    "top_logprobs",
    "user",
    "service_tier",
    "cache_control",
    "tool_result.is_error",
)
PASSED_EXTRAS: Final = ("documents", "citation_options", "safety_mode", "priority", "strict_tools", "thinking")
"""Cohere's own fields, sent as they are: clients of another dialect may set them (OpenAI's `extra_body`)."""

BUDGETS_TOKENS: Final = {"minimal": 512, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 31_000, "max": 31_000}
"""Thinking budgets by effort. Cohere advises against more than 31k of the 32k that a model can write
(https://docs.cohere.com/v2/docs/reasoning)."""

_THINKS = re.compile(r"reasoning|command-a-plus")
_CHOICES: Final = {"required": "REQUIRED", "none": "NONE"}


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what Cohere does not support."""
    refuse_features(request, REFUSED, "Cohere")
    request, custom_dropped = custom_tools_as_functions(request)
    passed, left_out = split_extras(request, PASSED_EXTRAS)
    dropped = [*dropped_parameters(request, DROPPED), *custom_dropped, *left_out]
    body: dict[str, Any] = {"model": model, "messages": write_messages(request.messages), "stream": request.stream}
    body |= _tools(request) | _sampling(request, dropped) | _thinking(request, model, dropped) | passed
    if request.response_format is not None and request.response_format.kind != "text":
        body["response_format"] = _format(request.response_format)
    if request.logprobs:
        body["logprobs"] = True
    return OutgoingRequest(PATH, encode(body), dropped=tuple(dict.fromkeys(dropped)))


def _tools(request: ChatRequest) -> dict[str, Any]:
    """A choice of one tool is written as that tool alone, required. Cohere is strict with all tools or with none."""
    choice, tools = request.tool_choice, request.tools
    if choice is not None and choice.mode == "named":
        tools = [tool for tool in tools if tool.name == choice.name]
    if choice is not None and choice.mode in ("required", "named") and not tools:
        raise InvalidRequest("`tool_choice` requires a tool that is not in `tools`.", param="tool_choice")
    if not tools:
        return {}
    written: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if any(tool.strict for tool in tools):
        written["strict_tools"] = True
    if choice is not None and choice.mode != "auto":
        written["tool_choice"] = _CHOICES["required" if choice.mode == "named" else choice.mode]
    return written


def _tool(tool: Tool) -> dict[str, Any]:
    schema = tool.parameters if not is_null(tool.parameters) else {"type": "object", "properties": {}}
    function = {"name": tool.name, "parameters": schema}
    return {"type": "function", "function": function | ({"description": tool.description} if tool.description else {})}


def _sampling(request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    """Cohere's `p` is at most 0.99, which a `top_p` of 1 becomes; its penalties go from 0 to 1."""
    sampling = request.sampling
    fields = {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "p": None if sampling.top_p is None else min(max(sampling.top_p, 0.01), 0.99),
        "k": sampling.top_k,
        "stop_sequences": sampling.stop or None,
        "seed": sampling.seed,
    }
    for name in ("frequency_penalty", "presence_penalty"):
        penalty = getattr(sampling, name)
        if penalty is not None and 0 <= penalty <= 1:
            fields[name] = penalty
        elif penalty is not None:
            dropped.append(name)
    return {name: value for name, value in fields.items() if value is not None}


def _thinking(request: ChatRequest, model: str, dropped: list[str]) -> dict[str, Any]:
    """Models that can think do so by default, without a limit; other models do not take the field."""
    effort, budget = supported_effort(request, BUDGETS_TOKENS), request.thinking_budget
    if budget is None and effort is not None:
        budget = BUDGETS_TOKENS.get(effort, 0)
    if budget is None:
        return {}
    if not _THINKS.search(model):
        dropped += dropped_parameters(request, ("reasoning_effort", "thinking_budget"))
        return {}
    return {"thinking": {"type": "enabled", "token_budget": budget} if budget > 0 else {"type": "disabled"}}


def _format(wanted: ResponseFormat) -> dict[str, Any]:
    """A JSON object; with a schema, which has no name here and is always enforced."""
    if wanted.kind == "json_object":
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": required_schema(wanted)}
