"""What an upstream dialect does not support: features are refused, parameters are dropped.

A dialect lists what it does not support by the names below. A request that uses an unsupported feature is refused,
since the answer would be another without it. An unsupported parameter is left out, and listed in `x-sealink-dropped`.
Names are those of OpenAI's chat API; each client's dialect puts its own in their place (`ClientDialect.spellings`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, Image, Part, Tool, ToolResult
from sealink.wire.raw_json.fields import is_null

UNSUPPORTED_FEATURES: Final[dict[str, Callable[[ChatRequest], str | None]]] = {
    "n": lambda request: "n" if request.choices > 1 else None,
    "logprobs": lambda request: "logprobs" if request.logprobs else "top_logprobs" if request.top_logprobs else None,
    "modalities": lambda request: "modalities" if request.modalities not in (None, [], ["text"]) else None,
    "builtin_tools": lambda request: next((tool.where for tool in request.builtin_tools), None),
    "forced_tool": lambda request: "tool_choice" if _mode(request) in ("required", "named") else None,
    "response_format": lambda request: "response_format" if _format(request) != "text" else None,
    "web_search_options": lambda request: _if_extra(request, "web_search_options"),
}
"""By name: where a request uses the feature; None if it does not."""

UNSUPPORTED_PARAMETERS: Final[dict[str, Callable[[ChatRequest], bool]]] = {
    "temperature": lambda request: request.sampling.temperature not in (None, 1),
    "top_p": lambda request: request.sampling.top_p not in (None, 1),
    "top_k": lambda request: request.sampling.top_k is not None,
    "stop": lambda request: bool(request.sampling.stop),
    "seed": lambda request: request.sampling.seed is not None,
    "frequency_penalty": lambda request: bool(request.sampling.frequency_penalty),
    "presence_penalty": lambda request: bool(request.sampling.presence_penalty),
    "logit_bias": lambda request: request.sampling.logit_bias is not None,
    "parallel_tool_calls": lambda request: request.parallel_tool_calls is False,
    "reasoning_effort": lambda request: request.reasoning_effort is not None,
    "thinking_budget": lambda request: bool(request.thinking_budget),
    "thinking_summary": lambda request: request.thinking_summary == "none",
    "top_logprobs": lambda request: bool(request.top_logprobs),
    "user": lambda request: request.user is not None,
    "service_tier": lambda request: request.service_tier not in (None, "auto", "default"),
    "image_url.detail": lambda request: any(image.detail not in ("", "auto") for image in _images(request)),
    "cache_control": lambda request: any(part.cache_control is not None for part in _cacheable(request)),
    "tool_result.is_error": lambda request: any(
        isinstance(part, ToolResult) and part.is_error for part in _parts(request)
    ),
    "tools.function.strict": lambda request: any(tool.strict for tool in request.tools),
}
"""By name: whether a request sets the parameter to something that makes a difference."""


def refuse_features(request: ChatRequest, features: Iterable[str], upstream: str) -> None:
    """Raises InvalidRequest naming the first of these features that the request uses."""
    for feature in features:
        if (param := UNSUPPORTED_FEATURES[feature](request)) is not None:
            raise unsupported(param, upstream)


def unsupported(param: str, upstream: str, what: str = "it") -> InvalidRequest:
    """The error for a feature that `upstream` does not support, at its place in the request."""
    reason = f"`{param}` is not supported by this model: {upstream} cannot express {what}."
    return InvalidRequest(f"{reason} Leave it out, or use another model.", code="unsupported_parameter", param=param)


def dropped_parameters(request: ChatRequest, parameters: Iterable[str]) -> list[str]:
    """Those of these parameters that the request sets."""
    return [name for name in parameters if UNSUPPORTED_PARAMETERS[name](request)]


def supported_effort(request: ChatRequest, efforts: Iterable[str]) -> str | None:
    """The reasoning effort, if the request names one. Raises InvalidRequest if it is not `none` or one of these."""
    effort = request.reasoning_effort
    if effort is None:
        return None
    supported = ("none", *(name for name in efforts if name != "none"))
    if effort in supported:
        return effort
    message = f"`reasoning_effort` must be one of {', '.join(supported)}, not {effort!r}."
    raise InvalidRequest(message, code="invalid_value", param="reasoning_effort")


def split_extras(
    request: ChatRequest, passed: Iterable[str], read: Iterable[str] = ()
) -> tuple[dict[str, Raw], list[str]]:
    """The request's extra fields that are `passed` on unchanged, and the names of those that are dropped.

    Fields that are `read` elsewhere are in neither.
    """
    if not request.extras:
        return {}, []
    extras = {name: raw for name, raw in request.extras.items() if not is_null(raw)}
    known = {*passed, *read}
    return {name: extras[name] for name in passed if name in extras}, [name for name in extras if name not in known]


def _mode(request: ChatRequest) -> str:
    return request.tool_choice.mode if request.tool_choice is not None else "auto"


def _format(request: ChatRequest) -> str:
    return request.response_format.kind if request.response_format is not None else "text"


def _if_extra(request: ChatRequest, name: str) -> str | None:
    return None if is_null(request.extras.get(name)) else name


def _parts(request: ChatRequest) -> Iterator[Part]:
    for message in request.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.content


def _images(request: ChatRequest) -> Iterator[Image]:
    return (part for part in _parts(request) if isinstance(part, Image))


def _cacheable(request: ChatRequest) -> Iterator[Part | Tool]:
    yield from _parts(request)
    yield from request.tools
