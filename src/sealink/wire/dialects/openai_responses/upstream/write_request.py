"""SeaLink's own request → POST /responses. https://platform.openai.com/docs/api-reference/responses/create

Every field is used, named in `dropped` (a knob that this API does not have) or refused (a feature).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import BuiltinTool, ChatRequest, ResponseFormat, Tool, ToolChoice, WebSearch
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_responses.signatures import CARRIED, CARRIED_REDACTED, NAME, is_carried
from sealink.wire.dialects.openai_responses.upstream.models import EFFORTS, nearest_effort, rules_of
from sealink.wire.dialects.openai_responses.upstream.turns import write_input, write_instructions
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras, unsupported
from sealink.wire.raw_json.fields import array_of, encode, object_of, text_of, to_raw
from sealink.wire.raw_json.request_fields import without_task_type

PATH: Final = "/responses"

UPSTREAM: Final = "OpenAI's Responses API"

MIN_OUTPUT_TOKENS: Final = 16
"""A smaller limit is refused; a client that asks for one (a probe, mostly) gets this one."""

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
"""This API's own fields, for clients that send them through another dialect (`extra_body`): as they are."""

_READ_EXTRAS: Final = ("verbosity", "web_search_options")
_KNOBS: Final = (
    *("top_k", "seed", "frequency_penalty", "presence_penalty", "logit_bias"),
    *("cache_control", "tool_result.is_error"),
)
_BUDGETS: Final = {"none": 0, "minimal": 1024, "low": 4096, "medium": 8192}
"""Thinking budgets, in tokens, up to which an effort is enough; beyond it is `high`."""

_ENCRYPTED: Final = "reasoning.encrypted_content"
_LOGPROBS: Final = "message.output_text.logprobs"


class _SearchOptions(msgspec.Struct):
    """Chat Completions' way to ask for a web search."""

    search_context_size: str | None = None
    user_location: dict[str, Raw] | None = None


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what this API cannot express."""
    refuse_features(request, ("n", "modalities"), UPSTREAM)
    dropped = dropped_parameters(request, _KNOBS)
    extras, left_out = split_extras(request, PASSED_EXTRAS, _READ_EXTRAS)
    effort = _effort(request, model, dropped)
    tools = [*map(_tool, request.tools), *(_builtin(tool, dropped) for tool in request.builtin_tools)]
    body: dict[str, Any] = {
        "model": model,
        "instructions": write_instructions(request.messages) or None,
        "input": write_input(request.messages),
        "stream": request.stream or None,
        "store": False,
        "tools": tools + _searches(request) or None,
        "tool_choice": _tool_choice(request),
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_output_tokens": _max_output_tokens(request),
        **_sampling(request, model, effort, dropped),
        "reasoning": _said({"effort": effort, "summary": _summary(request)}) or None,
        "text": _said({"format": write_format(request.response_format), "verbosity": request.extras.get("verbosity")})
        or None,
        "top_logprobs": request.top_logprobs,
        "user": request.user,
        "service_tier": request.service_tier,
        **extras,
        "include": _include(request, model, effort) or None,
    }
    return OutgoingRequest(PATH, encode(_said(body)), dropped=(*dropped, *left_out))


def forward_request(head: RequestHead, model: str) -> OutgoingRequest:
    """The client's own bytes; re-encoded, field by field, only if something must change: the model's name, SeaLink's
    own `metadata.task_type`, thinking that another dialect's model has signed."""
    fields = dict(head.fields)
    if model != head.model:
        fields["model"] = to_raw(model)
    if head.task_type is not None:
        fields = without_task_type(fields)
    if CARRIED.encode() in head.body or CARRIED_REDACTED.encode() in head.body:
        fields["input"] = _without_foreign_thinking(fields["input"])
    return OutgoingRequest(PATH, head.body if fields == head.fields else encode(fields), head.headers)


def write_tools(request: ChatRequest) -> list[Any]:
    """The tools of a request, in this API's words."""
    return [*map(_tool, request.tools), *(_builtin(tool, []) for tool in request.builtin_tools if tool.dialect == NAME)]


def write_tool_choice(choice: ToolChoice, tools: list[Tool]) -> str | dict[str, Any]:
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
    return _said({"type": format.kind, "name": format.name, "schema": format.schema, "strict": format.strict})


def _without_foreign_thinking(raw: Raw) -> Raw:
    items = [(item, object_of(item) or {}) for item in array_of(raw) or ()]
    return to_raw([item for item, fields in items if not is_carried(text_of(fields.get("encrypted_content")) or "")])


def _tool(tool: Tool) -> dict[str, Any]:
    """Functions are strict here unless they say that they are not; elsewhere it is the other way round."""
    said: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.is_custom:
        return _said({"type": "custom", **said, "format": tool.format})
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return _said({"type": "function", **said, "parameters": parameters, "strict": bool(tool.strict)})


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
    said = {
        "type": "web_search",
        "filters": {name: domains for name, domains in filters.items() if domains} or None,
        "user_location": {"type": "approximate", **search.location} if search.location else None,
        "search_context_size": search.context_size,
    }
    return _said(said)


def _searches(request: ChatRequest) -> list[dict[str, Any]]:
    raw = request.extras.get("web_search_options", Raw(b"null"))
    try:
        options = msgspec.json.decode(raw, type=_SearchOptions | None)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"web_search_options: {error}", param="web_search_options") from error
    if options is None:
        return []
    place = options.user_location or {}
    place = {**place, **(object_of(place.get("approximate")) or {})}
    known = {name: text_of(place.get(name)) for name in ("city", "region", "country", "timezone")}
    location = {name: text for name, text in known.items() if text}
    return [_web_search(WebSearch(location=location, context_size=options.search_context_size))]


def _tool_choice(request: ChatRequest) -> str | dict[str, Any] | None:
    choice = request.tool_choice
    return None if choice is None else write_tool_choice(choice, request.tools)


def _max_output_tokens(request: ChatRequest) -> int | None:
    asked = request.sampling.max_tokens
    return None if asked is None else max(asked, MIN_OUTPUT_TOKENS)


def _sampling(request: ChatRequest, model: str, effort: str | None, dropped: list[str]) -> dict[str, Any]:
    """What this model takes of it; a default that it refuses is left out, which is the same."""
    knobs = {"temperature": request.sampling.temperature, "top_p": request.sampling.top_p}
    if request.sampling.stop:
        dropped.append("stop")
    if not rules_of(model).thinks or effort == "none":
        return knobs
    dropped += [name for name, value in knobs.items() if value not in (None, 1)]
    return {}


def _effort(request: ChatRequest, model: str, dropped: list[str]) -> str | None:
    """What the client said, or the effort that comes next to its budget; both in a word that the model takes."""
    efforts, budget = rules_of(model).efforts, request.thinking_budget
    if request.reasoning_effort is not None:
        return nearest_effort(request.reasoning_effort, efforts)
    if budget is None or not efforts:
        dropped += ["thinking_budget"] if budget else []
        return None
    return nearest_effort(next((effort for effort in _BUDGETS if budget <= _BUDGETS[effort]), "high"), efforts)


def _summary(request: ChatRequest) -> str | None:
    """A summary only for those who ask: OpenAI gives it to verified organizations alone, and refuses others."""
    return None if request.thinking_summary == "none" else request.thinking_summary


def _include(request: ChatRequest, model: str, effort: str | None) -> list[str]:
    """The reasoning, encrypted, so that it can be sent back: nothing is stored. Models that do not reason refuse it."""
    asked = [text_of(raw) or "" for raw in array_of(request.extras.get("include")) or ()]
    thinks = rules_of(model).thinks or effort not in (None, EFFORTS[0])
    wanted = {_ENCRYPTED: thinks, _LOGPROBS: request.logprobs or bool(request.top_logprobs)}
    return [*dict.fromkeys([*asked, *(name for name, is_wanted in wanted.items() if is_wanted)])]


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
