"""A ChatRequest → POST /api/chat. https://docs.ollama.com/api/chat

Every field is used, named in `dropped` (an unsupported parameter) or refused (an unsupported feature).
"""

from typing import Any, Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, ResponseFormat, Tool
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.ollama_chat.upstream.messages import write_messages
from sealink.wire.dialects.shared.custom_tools import custom_tools_as_functions
from sealink.wire.dialects.shared.json_schema import required_schema
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras, supported_effort
from sealink.wire.raw_json.fields import encode, is_null, object_of

PATH: Final = "/api/chat"
STREAM_ACCEPTED: Final = ("accept", "application/x-ndjson")

REFUSED: Final = ("n", "modalities", "builtin_tools", "forced_tool", "web_search_options")
DROPPED: Final = (
    "logit_bias",
    "parallel_tool_calls",
    "thinking_budget",
    "thinking_summary",
    "user",
    "service_tier",
    "image_url.detail",
    "cache_control",
    "tool_result.is_error",
    "tools.function.strict",
)
PASSED_EXTRAS: Final = ("keep_alive", "think", "truncate", "shift")
"""Ollama's own fields, sent as they are: clients of another dialect may set them (OpenAI's `extra_body`)."""

_LEVELS: Final = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
"""`think` by reasoning effort. Models without levels of thinking take any of the words for `true`."""

_OPTIONS: Final = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Model options by SeaLink's names for them. https://docs.ollama.com/modelfile#valid-parameters-and-values"""


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what Ollama does not support."""
    refuse_features(request, REFUSED, "Ollama")
    request, custom_dropped = custom_tools_as_functions(request)
    passed, left_out = split_extras(request, PASSED_EXTRAS, read=("options",))
    body: dict[str, Any] = {"model": model, "messages": write_messages(request.messages), "stream": request.stream}
    # Ollama has no choice of tools: without any, none is called.
    if request.tools and not (request.tool_choice is not None and request.tool_choice.mode == "none"):
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.response_format is not None and request.response_format.kind != "text":
        body["format"] = _format(request.response_format)
    if options := _options(request):
        body["options"] = options
    body |= _thinking(request) | _logprobs(request) | passed
    headers = [STREAM_ACCEPTED] if request.stream else ()
    return OutgoingRequest(
        PATH, encode(body), headers, dropped=(*dropped_parameters(request, DROPPED), *custom_dropped, *left_out)
    )


def _tool(tool: Tool) -> dict[str, Any]:
    schema = tool.parameters if not is_null(tool.parameters) else {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description or "", "parameters": schema}
    return {"type": "function", "function": function}


def _format(wanted: ResponseFormat) -> str | Raw:
    """`json`, or the schema itself: it has no name here, and Ollama always enforces it."""
    if wanted.kind == "json_object":
        return "json"
    return required_schema(wanted)


def _options(request: ChatRequest) -> dict[str, Any]:
    """Sampling parameters by Ollama's names; the client's own `options` take precedence."""
    options = {option: getattr(request.sampling, name) for name, option in _OPTIONS.items()}
    own = request.extras.get("options")
    if not is_null(own) and object_of(own) is None:
        raise InvalidRequest("`options` must be a JSON object.", code="invalid_value", param="options")
    return {name: value for name, value in options.items() if value is not None} | (object_of(own) or {})


def _thinking(request: ChatRequest) -> dict[str, Any]:
    effort = supported_effort(request, _LEVELS)
    if effort is not None:
        return {"think": _LEVELS[effort]}
    return {} if request.thinking_budget is None else {"think": request.thinking_budget > 0}


def _logprobs(request: ChatRequest) -> dict[str, Any]:
    fields = {"logprobs": request.logprobs or None, "top_logprobs": request.top_logprobs}
    return {name: value for name, value in fields.items() if value is not None}
