"""A neutral request → POST /v1/messages. https://platform.claude.com/docs/en/api/messages/create

Every field is used, dropped and named in `dropped` (an unsupported parameter), or refused (an unsupported feature).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sealink.request import ChatRequest, ResponseFormat
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.anthropic_messages.upstream.tools import write_tools
from sealink.wire.dialects.anthropic_messages.upstream.turns import Block, start_of, write_system, write_turns
from sealink.wire.dialects.shared.claude.models import ModelRules, rules_of
from sealink.wire.dialects.shared.claude.sampling import write_sampling
from sealink.wire.dialects.shared.claude.schema import output_schema
from sealink.wire.dialects.shared.claude.thinking import choose_thinking, read_native
from sealink.wire.dialects.shared.json_schema import JSON_OBJECT_INSTRUCTION, required_schema
from sealink.wire.dialects.shared.turns import Turn
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers
from sealink.wire.raw_json.fields import NULL, Fields
from sealink.wire.raw_json.request_fields import read_field, read_value

PATH: Final = "/v1/messages"
VERSION: Final = ("anthropic-version", "2023-06-01")
"""The last version whose requests may have a temperature: the next, 2026-10-21, refuses it."""

FILES_BETA: Final = "files-api-2025-04-14"
"""The beta that documents with a `file_id` need."""

REFUSED: Final = ("n", "logprobs", "modalities")
DROPPED: Final = ("seed", "frequency_penalty", "presence_penalty", "logit_bias", "image_url.detail")
PASSED_EXTRAS: Final = (
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
)
"""Anthropic's own fields that are passed on unchanged for clients of another dialect (OpenAI's `extra_body`)."""

_READ_EXTRAS: Final = ("betas", "metadata", "output_config", "safety_identifier", "thinking")
_SERVICE_TIERS: Final = {
    "auto": "auto",
    "priority": "auto",  # which takes priority capacity where there is some
    "default": "standard_only",
    "standard_only": "standard_only",
}


CALL_IDS: Final = Rule(64)
IDENTIFIERS: Final = Identifiers(CALL_IDS, Rule(128), unique_call_ids=True)
"""https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use: "^[a-zA-Z0-9_-]{1,128}$"; of ids it
says "String should match pattern '^[a-zA-Z0-9_-]+$'", and "`tool_use` ids must be unique"."""


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what Anthropic cannot express."""
    request = fit_identifiers(request, IDENTIFIERS)
    refuse_features(request, REFUSED, "Anthropic")
    rules, dropped = rules_of(model), dropped_parameters(request, DROPPED)
    turns = write_turns(request.messages)
    max_tokens = request.sampling.max_tokens
    if max_tokens is None:
        max_tokens = _default_max_tokens(request, rules)
    thinking = choose_thinking(request, rules, max_tokens, [start_of(turn) for turn in turns], dropped)
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
    passed, left_out = split_extras(request, PASSED_EXTRAS, _READ_EXTRAS)
    body |= passed
    return OutgoingRequest(
        path=PATH,
        body=msgspec.json.encode(body),
        headers=[VERSION, *_betas(request, turns)],
        dropped=tuple(dict.fromkeys([*dropped, *left_out])),
    )


def _default_max_tokens(request: ChatRequest, rules: ModelRules) -> int:
    """Anthropic requires max_tokens; OpenAI does not. The default: all that the model can write beyond its thinking."""
    native, limit = read_native(request), rules.max_output_tokens
    budget = native.budget_tokens if native is not None else request.thinking_budget or 0
    return limit if budget < limit else budget + limit


def _system(request: ChatRequest) -> dict[str, Any]:
    blocks = write_system(request.messages)
    if request.response_format is not None and request.response_format.kind == "json_object":
        blocks.append({"type": "text", "text": JSON_OBJECT_INSTRUCTION})
    return {"system": blocks} if blocks else {}


def _output_config(request: ChatRequest, rules: ModelRules, effort: str | None) -> dict[str, Any]:
    """Effort and JSON Schema. The client's own `output_config` overrides them."""
    config: dict[str, Any] = {"effort": effort} if effort is not None else {}
    if request.response_format is not None and request.response_format.kind == "json_schema":
        config["format"] = _json_format(request.response_format, rules)
    config |= read_field(request.extras, "output_config", Fields | None) or {}
    return {"output_config": config} if config else {}


def _json_format(wanted: ResponseFormat, rules: ModelRules) -> Block:
    """Anthropic has no name for a schema, and no `strict`: it always enforces the schema."""
    return {"type": "json_schema", "schema": output_schema(required_schema(wanted), rules)}


def _service_tier(tier: str | None, dropped: list[str]) -> dict[str, Any]:
    if tier is None:
        return {}
    if tier not in _SERVICE_TIERS:
        dropped.append("service_tier")
        return {}
    return {"service_tier": _SERVICE_TIERS[tier]}


def _metadata(request: ChatRequest, dropped: list[str]) -> dict[str, Any]:
    """Anthropic's metadata is an opaque id of the end user; OpenAI has two names for it."""
    metadata: Fields = read_field(request.extras, "metadata", Fields | None) or {}
    if metadata.keys() - {"user_id"}:
        dropped.append("metadata")
    user_id = read_value(metadata.get("user_id", NULL), "metadata.user_id", str | None)
    user_id = user_id or request.user or read_field(request.extras, "safety_identifier", str | None)
    return {"metadata": {"user_id": user_id}} if user_id else {}


def _betas(request: ChatRequest, turns: Sequence[Turn[Block]]) -> list[tuple[str, str]]:
    """Anthropic's SDKs have a parameter `betas` for the beta features of a request; on the wire they are a header."""
    betas: list[str] = read_field(request.extras, "betas", list[str] | None) or []
    if any(_has_file_id(block) for turn in turns for block in turn.content) and FILES_BETA not in betas:
        betas.append(FILES_BETA)
    return [("anthropic-beta", ",".join(betas))] if betas else []


def _has_file_id(block: Block) -> bool:
    inner = block.get("content", ()) if block["type"] == "tool_result" else (block,)
    return any(each.get("source", {}).get("type") == "file" for each in inner)
