"""What an upstream dialect has no words for, said once for all of them.

A dialect lists neutral fields by the names below: features that it refuses, knobs that it drops. What is said in a
request and listed is refused, or named in `x-sealink-dropped`, in the words of OpenAI's API.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, Image, Part, Tool, ToolResult
from sealink.wire.raw_json.fields import is_null

UNSUPPORTED_FEATURES: Final[dict[str, Callable[[ChatRequest], str | None]]] = {
    "n": lambda asked: "n" if asked.choices > 1 else None,
    "logprobs": lambda asked: "logprobs" if asked.logprobs or asked.top_logprobs else None,
    "modalities": lambda asked: "modalities" if asked.modalities not in (None, [], ["text"]) else None,
    "builtin_tools": lambda asked: next((tool.where for tool in asked.builtin_tools), None),
    "custom_tools": lambda asked: next((_place(n) for n, tool in enumerate(asked.tools) if tool.is_custom), None),
    "forced_tool": lambda asked: "tool_choice" if _mode(asked) in ("required", "named") else None,
    "response_format": lambda asked: "response_format" if _format(asked) != "text" else None,
    "web_search_options": lambda asked: _if_extra(asked, "web_search_options"),
}
"""Each tells where a request asks for the feature; None if it does not."""

UNSUPPORTED_PARAMETERS: Final[dict[str, Callable[[ChatRequest], bool]]] = {
    "temperature": lambda asked: asked.sampling.temperature not in (None, 1),
    "top_p": lambda asked: asked.sampling.top_p not in (None, 1),
    "top_k": lambda asked: asked.sampling.top_k is not None,
    "stop": lambda asked: bool(asked.sampling.stop),
    "seed": lambda asked: asked.sampling.seed is not None,
    "frequency_penalty": lambda asked: bool(asked.sampling.frequency_penalty),
    "presence_penalty": lambda asked: bool(asked.sampling.presence_penalty),
    "logit_bias": lambda asked: asked.sampling.logit_bias is not None,
    "parallel_tool_calls": lambda asked: asked.parallel_tool_calls is False,
    "reasoning_effort": lambda asked: asked.reasoning_effort is not None,
    "thinking_budget": lambda asked: bool(asked.thinking_budget),
    "thinking_summary": lambda asked: asked.thinking_summary == "none",
    "top_logprobs": lambda asked: bool(asked.top_logprobs),
    "user": lambda asked: asked.user is not None,
    "service_tier": lambda asked: asked.service_tier not in (None, "auto", "default"),
    "image_url.detail": lambda asked: any(image.detail not in ("", "auto") for image in _images(asked)),
    "cache_control": lambda asked: any(part.cache_control is not None for part in _marked(asked)),
    "tool_result.is_error": lambda asked: any(isinstance(part, ToolResult) and part.is_error for part in _parts(asked)),
    "tools.function.strict": lambda asked: any(tool.strict for tool in asked.tools),
}
"""Each tells whether a request turns the knob."""


def refuse(request: ChatRequest, features: Iterable[str], upstream: str) -> None:
    """Raises InvalidRequest naming the first of these features that is asked for."""
    for feature in features:
        if (param := UNSUPPORTED_FEATURES[feature](request)) is not None:
            raise unsupported(param, upstream)


def unsupported(param: str, upstream: str, what: str = "it") -> InvalidRequest:
    """The refusal of a feature, by its place in the request."""
    message = f"{param} cannot be passed on: {upstream} has no way to express {what}."
    return InvalidRequest(message, code="unsupported_parameter", param=param)


def turned(request: ChatRequest, knobs: Iterable[str]) -> list[str]:
    """Which of these knobs are turned."""
    return [knob for knob in knobs if UNSUPPORTED_PARAMETERS[knob](request)]


def sort_extras(
    request: ChatRequest, passed: Iterable[str], read: Iterable[str] = ()
) -> tuple[dict[str, Raw], list[str]]:
    """The client's other fields that go on as they are, and the names of those that are left out.

    Those that are `read` elsewhere are neither.
    """
    said = {name: raw for name, raw in request.extras.items() if not is_null(raw)}
    known = {*passed, *read}
    return {name: said[name] for name in passed if name in said}, [name for name in said if name not in known]


def _place(number: int) -> str:
    return f"tools[{number}]"


def _mode(asked: ChatRequest) -> str:
    return asked.tool_choice.mode if asked.tool_choice is not None else "auto"


def _format(asked: ChatRequest) -> str:
    return asked.response_format.kind if asked.response_format is not None else "text"


def _if_extra(asked: ChatRequest, name: str) -> str | None:
    return None if is_null(asked.extras.get(name)) else name


def _parts(asked: ChatRequest) -> Iterator[Part]:
    for message in asked.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.content


def _images(asked: ChatRequest) -> Iterator[Image]:
    return (part for part in _parts(asked) if isinstance(part, Image))


def _marked(asked: ChatRequest) -> Iterator[Part | Tool]:
    yield from _parts(asked)
    yield from asked.tools
