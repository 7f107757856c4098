"""A neutral request → POST /v1/messages. https://platform.claude.com/docs/en/api/messages/create

Every field is used, named in `dropped` (a knob that Anthropic does not have) or refused (a feature).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest, Image, ResponseFormat, ToolResult
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.anthropic_messages.extras import read_extra
from sealink.wire.dialects.anthropic_messages.upstream.models import ModelRules, rules_of
from sealink.wire.dialects.anthropic_messages.upstream.sampling import write_sampling
from sealink.wire.dialects.anthropic_messages.upstream.schema import output_schema
from sealink.wire.dialects.anthropic_messages.upstream.thinking import choose_thinking, read_native
from sealink.wire.dialects.anthropic_messages.upstream.tools import write_tools
from sealink.wire.dialects.anthropic_messages.upstream.turns import Block, Turn, write_system, write_turns
from sealink.wire.dialects.shared.json_schema import required_schema

PATH: Final = "/v1/messages"
VERSION: Final = ("anthropic-version", "2023-06-01")
"""The version whose requests may still have a temperature; the next, 2026-10-21, refuses any."""

FILES_BETA: Final = "files-api-2025-04-14"
"""Needed by a document that is named by `file_id`."""

PASSED_EXTRAS: Final = frozenset(
    {
        "cache_control",
        "compaction",
        "container",
        "context_management",
        "diagnostics",
        "fallback_credit_token",
        "fallbacks",
        "inference_geo",
        "mcp_servers",
        "speed",
        "user_profile_id",
    }
)
"""Anthropic's own fields, for clients that send them through another dialect (OpenAI's `extra_body`): as they are."""

JSON_OBJECT_INSTRUCTION: Final = (
    "Respond with a single valid JSON object and nothing else: no prose around it, no code fence."
)
"""Anthropic has no mode for JSON of any shape, only for JSON of a given schema: the model is asked in words."""

_READ_EXTRAS: Final = frozenset({"betas", "metadata", "output_config", "safety_identifier", "thinking"})
_SERVICE_TIERS: Final = {
    "auto": "auto",
    "priority": "auto",  # which takes priority capacity where there is some
    "default": "standard_only",
    "standard_only": "standard_only",
}
_NULL: Final = b"null"


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what Anthropic cannot express."""
    _refuse_the_inexpressible(request)
    rules, dropped = rules_of(model), _dropped_knobs(request)
    turns = write_turns(request.messages)
    max_tokens = request.sampling.max_tokens
    if max_tokens is None:
        max_tokens = _default_max_tokens(request, rules)
    thinking = choose_thinking(request, rules, max_tokens, turns, dropped)
    body: dict[str, Any] = {"model": model, "max_tokens": max_tokens, "stream": request.stream}
    body |= _system(request)
    body["messages"] = turns
    body |= write_tools(request, rules, dropped)
    body |= write_sampling(request.sampling, rules, thinking.is_on, dropped)
    if thinking.field is not None:
        body["thinking"] = thinking.field
    body |= _output_config(request, rules, thinking.effort)
    body |= _service_tier(request.service_tier, dropped)
    body |= _metadata(request, dropped)
    body |= _passed_extras(request.extras, dropped)
    return OutgoingRequest(
        path=PATH,
        body=msgspec.json.encode(body),
        headers=[VERSION, *_betas(request, turns)],
        dropped=tuple(dict.fromkeys(dropped)),
    )


def _refuse_the_inexpressible(request: ChatRequest) -> None:
    refused = [
        ("n", request.choices > 1, "gives one answer to a request"),
        ("logprobs", request.logprobs, "does not tell log probabilities"),
        ("top_logprobs", bool(request.top_logprobs), "does not tell log probabilities"),
        ("modalities", bool(request.modalities) and request.modalities != ["text"], "answers only in text"),
    ]
    for param, is_asked, reason in refused:
        if is_asked:
            raise InvalidRequest(
                f"{param} cannot be passed on: Anthropic {reason}.", code="unsupported_parameter", param=param
            )


def _dropped_knobs(request: ChatRequest) -> list[str]:
    """Knobs that Anthropic does not have, where they are turned."""
    sampling = request.sampling
    knobs = {
        "seed": sampling.seed is not None,
        "frequency_penalty": bool(sampling.frequency_penalty),
        "presence_penalty": bool(sampling.presence_penalty),
        "logit_bias": sampling.logit_bias is not None,
        "image_url.detail": any(image.detail not in ("", "auto") for image in _images(request)),
    }
    return [name for name, is_turned in knobs.items() if is_turned]


def _images(request: ChatRequest) -> Iterable[Image]:
    for message in request.messages:
        for part in message.parts:
            inner = part.content if isinstance(part, ToolResult) else [part]
            yield from (each for each in inner if isinstance(each, Image))


def _default_max_tokens(request: ChatRequest, rules: ModelRules) -> int:
    """Anthropic wants a limit where OpenAI has none: all that the model can write, beyond its thinking."""
    native, limit = read_native(request), rules.max_output_tokens
    budget = native.budget_tokens if native is not None else request.thinking_budget or 0
    return limit if budget < limit else budget + limit


def _system(request: ChatRequest) -> dict[str, Any]:
    blocks = write_system(request.messages)
    if request.response_format is not None and request.response_format.kind == "json_object":
        blocks.append({"type": "text", "text": JSON_OBJECT_INSTRUCTION})
    return {"system": blocks} if blocks else {}


def _output_config(request: ChatRequest, rules: ModelRules, effort: str | None) -> dict[str, Any]:
    """Effort and JSON Schema; what the client says in Anthropic's own words goes first."""
    config: dict[str, Any] = {"effort": effort} if effort is not None else {}
    if request.response_format is not None and request.response_format.kind == "json_schema":
        config["format"] = _json_format(request.response_format, rules)
    config |= read_extra(request.extras, "output_config", dict[str, Raw]) or {}
    return {"output_config": config} if config else {}


def _json_format(wanted: ResponseFormat, rules: ModelRules) -> Block:
    """The schema's name has no place at Anthropic. `strict` neither: its output always keeps to the schema."""
    return {"type": "json_schema", "schema": output_schema(required_schema(wanted), rules)}


def _service_tier(tier: str | None, dropped: list[str]) -> dict[str, Any]:
    if tier is None:
        return {}
    if tier not in _SERVICE_TIERS:
        dropped.append("service_tier")
        return {}
    return {"service_tier": _SERVICE_TIERS[tier]}


def _metadata(request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    """Anthropic's metadata is an opaque id of the end user, for which OpenAI has had two names."""
    metadata = read_extra(request.extras, "metadata", dict[str, Raw]) or {}
    if metadata.keys() - {"user_id"}:
        dropped.append("metadata")
    user_id = read_extra(metadata, "user_id", str)
    user_id = user_id or request.user or read_extra(request.extras, "safety_identifier", str)
    return {"metadata": {"user_id": user_id}} if user_id else {}


def _passed_extras(extras: dict[str, Raw], dropped: list[str]) -> dict[str, Raw]:
    said = {name: raw for name, raw in extras.items() if bytes(raw) != _NULL}
    dropped += [name for name in said if name not in PASSED_EXTRAS | _READ_EXTRAS]
    return {name: raw for name, raw in said.items() if name in PASSED_EXTRAS}


def _betas(request: ChatRequest, turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """`betas` is where Anthropic's SDKs take the features in beta that a request uses; they are a header."""
    betas = read_extra(request.extras, "betas", list[str]) or []
    if any(_names_a_file(block) for turn in turns for block in turn.content) and FILES_BETA not in betas:
        betas.append(FILES_BETA)
    return [("anthropic-beta", ",".join(betas))] if betas else []


def _names_a_file(block: Block) -> bool:
    inner = block.get("content", ()) if block["type"] == "tool_result" else (block,)
    return any(each.get("source", {}).get("type") == "file" for each in inner)
