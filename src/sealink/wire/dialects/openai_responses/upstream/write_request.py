"""A ChatRequest → POST /responses. https://platform.openai.com/docs/api-reference/responses/create

Every field is used, named in `dropped` (an unsupported parameter) or refused (an unsupported feature).
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, WebSearch
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.openai_responses.shared_fields import present, write_format, write_tool, write_tool_choice
from sealink.wire.dialects.openai_responses.signatures import NAME
from sealink.wire.dialects.openai_responses.upstream.models import EFFORTS, nearest_effort, rules_of
from sealink.wire.dialects.openai_responses.upstream.turns import write_input, write_instructions
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras, unsupported
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers
from sealink.wire.raw_json.fields import array_of, encode, object_of, text_of

PATH: Final = "/responses"

UPSTREAM: Final = "OpenAI's Responses API"

MIN_OUTPUT_TOKENS: Final = 16
"""OpenAI refuses a smaller limit; a client that asks for one (a probe, mostly) gets this one."""

REFUSED: Final = ("n", "modalities")
DROPPED: Final = (
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "cache_control",
    "tool_result.is_error",
    "stop",
)

PASSED_EXTRAS: Final = (
    "background",
    "context_management",
    "conversation",
    "include",
    "max_tool_calls",
    "metadata",
    "moderation",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "truncation",
)
"""This API's own fields, sent as they are: clients of another dialect may set them (`extra_body`)."""

_READ_EXTRAS: Final = ("verbosity", "web_search_options")
_BUDGETS_TOKENS: Final = {"none": 0, "minimal": 1024, "low": 4096, "medium": 8192}
"""The effort for a thinking budget is the first whose tokens are enough; `high` beyond them all."""

_ENCRYPTED: Final = "reasoning.encrypted_content"
_LOGPROBS: Final = "message.output_text.logprobs"


class _SearchOptions(msgspec.Struct):
    """Chat Completions' way to ask for a web search."""

    search_context_size: str | None = None
    user_location: dict[str, Raw] | None = None


CALL_IDS: Final = Rule(64, r"\x20-\U0010ffff")
IDENTIFIERS: Final = Identifiers(CALL_IDS, Rule(64), unique_call_ids=True)
"""OpenAI refuses a longer id: "Expected a string with maximum length 64"."""


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what this API does not support."""
    request = fit_identifiers(request, IDENTIFIERS)
    refuse_features(request, REFUSED, UPSTREAM)
    dropped = dropped_parameters(request, DROPPED)
    extras, left_out = split_extras(request, PASSED_EXTRAS, _READ_EXTRAS)
    effort, choice = _effort(request, model, dropped), request.tool_choice
    tools = [*map(write_tool, request.tools), *(_builtin(tool, dropped) for tool in request.builtin_tools)]
    body: dict[str, Any] = {
        "model": model,
        "instructions": write_instructions(request.messages) or None,
        "input": write_input(request.messages),
        "stream": request.stream or None,
        "store": False,
        "tools": tools + _searches(request) or None,
        "tool_choice": None if choice is None else write_tool_choice(choice, request.tools),
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_output_tokens": _max_output_tokens(request),
        **_sampling(request, model, effort, dropped),
        "reasoning": present({"effort": effort, "summary": _summary(request)}) or None,
        "text": present({"format": write_format(request.response_format), "verbosity": request.extras.get("verbosity")})
        or None,
        "top_logprobs": request.top_logprobs,
        "user": request.user,
        "service_tier": request.service_tier,
        **extras,
        "include": _include(request, model, effort) or None,
    }
    return OutgoingRequest(PATH, encode(present(body)), dropped=(*dropped, *left_out))


def _builtin(tool: BuiltinTool, dropped: list[str]) -> Raw | dict[str, Any]:
    if tool.dialect == NAME:
        return tool.raw
    match tool.kind:
        case "web_search":
            if tool.web_search.max_uses is not None:
                dropped.append(f"{tool.where}.max_uses")
            return _web_search(tool.web_search)
        case "code_execution":
            return {"type": "code_interpreter", "container": {"type": "auto"}}
    raise unsupported(tool.where, UPSTREAM)


def _web_search(search: WebSearch) -> dict[str, Any]:
    filters = {"allowed_domains": search.allowed_domains, "blocked_domains": search.blocked_domains}
    tool = {
        "type": "web_search",
        "filters": {name: domains for name, domains in filters.items() if domains} or None,
        "user_location": {"type": "approximate", **search.location} if search.location else None,
        "search_context_size": search.context_size,
    }
    return present(tool)


def _searches(request: ChatRequest) -> list[dict[str, Any]]:
    raw = request.extras.get("web_search_options", Raw(b"null"))
    try:
        options = msgspec.json.decode(raw, type=_SearchOptions | None)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"`web_search_options` cannot be read: {error}.", param="web_search_options") from error
    if options is None:
        return []
    place = options.user_location or {}
    place = {**place, **(object_of(place.get("approximate")) or {})}
    known = {name: text_of(place.get(name)) for name in ("city", "region", "country", "timezone")}
    location = {name: text for name, text in known.items() if text}
    return [_web_search(WebSearch(location=location, context_size=options.search_context_size))]


def _max_output_tokens(request: ChatRequest) -> int | None:
    limit = request.sampling.max_tokens
    return None if limit is None else max(limit, MIN_OUTPUT_TOKENS)


def _sampling(request: ChatRequest, model: str, effort: str | None, dropped: list[str]) -> dict[str, Any]:
    """Temperature and top_p, unless the model thinks: then it refuses both, even their defaults."""
    if not rules_of(model).thinks or effort == "none":
        return {"temperature": request.sampling.temperature, "top_p": request.sampling.top_p}
    dropped += dropped_parameters(request, ("temperature", "top_p"))
    return {}


def _effort(request: ChatRequest, model: str, dropped: list[str]) -> str | None:
    """The client's effort, or the one that fits its thinking budget: the nearest that the model accepts."""
    efforts, budget = rules_of(model).efforts, request.thinking_budget
    if request.reasoning_effort is not None:
        return nearest_effort(request.reasoning_effort, efforts)
    if budget is None or not efforts:
        dropped += dropped_parameters(request, ("thinking_budget",))
        return None
    effort = next((effort for effort, tokens in _BUDGETS_TOKENS.items() if budget <= tokens), "high")
    return nearest_effort(effort, efforts)


def _summary(request: ChatRequest) -> str | None:
    """A summary only if the client asks for one: OpenAI refuses it to organizations that are not verified."""
    return None if request.thinking_summary == "none" else request.thinking_summary


def _include(request: ChatRequest, model: str, effort: str | None) -> list[str]:
    """The client's own values, and encrypted reasoning, so that it can be sent back, since nothing is stored. Models
    that do not reason refuse that."""
    own = [text_of(raw) or "" for raw in array_of(request.extras.get("include")) or ()]
    thinks = rules_of(model).thinks or effort not in (None, EFFORTS[0])
    wanted = {_ENCRYPTED: thinks, _LOGPROBS: request.logprobs or bool(request.top_logprobs)}
    return [*dict.fromkeys([*own, *(name for name, is_wanted in wanted.items() if is_wanted)])]
