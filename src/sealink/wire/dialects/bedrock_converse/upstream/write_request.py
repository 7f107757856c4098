"""A neutral request → POST /model/{modelId}/converse-stream, or /converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Every field is used, dropped
and named in `dropped` (a parameter that Bedrock or the model does not support), or refused (an unsupported feature).
"""

import re
from typing import Any, Final
from urllib.parse import quote

from msgspec import Raw

from sealink.request import ChatRequest, ResponseFormat
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.bedrock_converse.upstream.families import Family, ModelParameters, family_of
from sealink.wire.dialects.bedrock_converse.upstream.media import Block
from sealink.wire.dialects.bedrock_converse.upstream.tools import write_tools
from sealink.wire.dialects.bedrock_converse.upstream.turns import Conversation, blocks_of
from sealink.wire.dialects.shared.custom_tools import custom_tools_as_functions
from sealink.wire.dialects.shared.json_schema import JSON_OBJECT_INSTRUCTION, required_schema
from sealink.wire.dialects.shared.unsupported import dropped_parameters, refuse_features, split_extras
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers
from sealink.wire.raw_json.fields import encode, is_null, object_of, text_of

STREAM_ACCEPTED: Final = ("accept", "application/vnd.amazon.eventstream")

REFUSED: Final = ("n", "logprobs", "modalities", "web_search_options")
DROPPED: Final = (
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "parallel_tool_calls",
    "user",
    "image_url.detail",
)
PASSED_EXTRAS: Final = (
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
)
"""Bedrock's own fields that are passed on for clients of another dialect (OpenAI's `extra_body`)."""

_SERVICE_TIERS: Final = {
    "auto": None,
    "default": "default",
    "standard_only": "default",
    "priority": "priority",
    "flex": "flex",
    "reserved": "reserved",
}
_METADATA_TEXT = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")


IDENTIFIERS: Final = Identifiers(Rule(64, "a-zA-Z0-9_.:-"), Rule(64), unique_call_ids=True)
"""https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html"""


def write_request(request: ChatRequest, model: str) -> OutgoingRequest:
    """Raises InvalidRequest naming what Bedrock cannot express."""
    request = fit_identifiers(request, IDENTIFIERS)
    refuse_features(request, REFUSED, "Bedrock")
    request, custom_dropped = custom_tools_as_functions(request)
    family, dropped = family_of(model), [*dropped_parameters(request, DROPPED), *custom_dropped]
    conversation = Conversation(takes_cache_points=family.takes_cache_points)
    turns = conversation.turns(request.messages)
    parameters = family.parameters(request, turns, dropped)
    body: dict[str, Any] = {"messages": [{"role": turn.role, "content": blocks_of(turn)} for turn in turns]}
    body |= _system(request, conversation)
    body |= write_tools(request, family, conversation, turns, dropped)
    body |= _parameter_fields(parameters) | _output(request, family, parameters)
    body |= _service_tier(request, dropped) | _metadata(request, dropped)
    passed, left_out = split_extras(request, PASSED_EXTRAS, family.read_extras)
    _merge(body, passed)
    if not family.takes_cache_points:
        dropped += dropped_parameters(request, ["cache_control"])
    operation = "converse-stream" if request.stream else "converse"
    return OutgoingRequest(
        path=f"/model/{quote(model, safe='')}/{operation}",
        body=encode(body),
        headers=[STREAM_ACCEPTED] if request.stream else (),
        dropped=tuple(dict.fromkeys([*dropped, *left_out])),
    )


def _system(request: ChatRequest, conversation: Conversation) -> Block:
    blocks = conversation.system(request.messages)
    if request.response_format is not None and request.response_format.kind == "json_object":
        blocks.append({"text": JSON_OBJECT_INSTRUCTION})
    return {"system": blocks} if blocks else {}


def _parameter_fields(parameters: ModelParameters) -> Block:
    fields = {
        "inferenceConfig": parameters.inference,
        "additionalModelRequestFields": parameters.own_fields,
        "additionalModelResponseFieldPaths": parameters.response_paths,
    }
    return {name: value for name, value in fields.items() if value}


def _output(request: ChatRequest, family: Family, parameters: ModelParameters) -> Block:
    config = dict(parameters.output)
    if request.response_format is not None and request.response_format.kind == "json_schema":
        config["textFormat"] = _text_format(request.response_format, family)
    return {"outputConfig": config} if config else {}


def _text_format(wanted: ResponseFormat, family: Family) -> Block:
    """The schema is sent as text. Bedrock always enforces it, `strict` or not."""
    schema = {"schema": encode(family.schema(required_schema(wanted))).decode()}
    named = {"name": wanted.name} if wanted.name else {}
    return {"type": "json_schema", "structure": {"jsonSchema": {**named, **schema}}}


def _service_tier(request: ChatRequest, dropped: list[str]) -> Block:
    tier = request.service_tier
    if tier is not None and tier not in _SERVICE_TIERS:
        dropped.append("service_tier")
    wire = _SERVICE_TIERS.get(tier or "auto")
    return {"serviceTier": {"type": wire}} if wire else {}


def _metadata(request: ChatRequest, dropped: list[str]) -> Block:
    """Short texts for Bedrock's logs. Those that Bedrock would refuse are left out."""
    metadata = object_of(request.extras.get("metadata")) or {}
    taken = {
        name: text
        for name, raw in metadata.items()
        if (text := text_of(raw)) is not None and _METADATA_TEXT.fullmatch(text) and _METADATA_TEXT.fullmatch(name)
    }
    if len(taken) < len(metadata) or (not metadata and not is_null(request.extras.get("metadata"))):
        dropped.append("metadata")
    return {"requestMetadata": taken} if taken else {}


def _merge(body: dict[str, Any], passed: dict[str, Raw]) -> None:
    """Adds the client's own fields. An object is merged into the one that is there, and overrides its fields."""
    for name, raw in passed.items():
        own = object_of(raw)
        body[name] = raw if own is None or not isinstance(body.get(name), dict) else {**body[name], **own}
