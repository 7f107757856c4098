"""A ChatRequest → models/…:generateContent. https://ai.google.dev/api/generate-content

Every field is used, named in `dropped` (an unsupported parameter) or refused (an unsupported feature).
"""

from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.gemini_generate.upstream.contents import write_contents, write_system
from sealink.wire.dialects.gemini_generate.upstream.generation import write_generation
from sealink.wire.dialects.gemini_generate.upstream.models import rules_of
from sealink.wire.dialects.gemini_generate.upstream.tools import write_tools
from sealink.wire.dialects.shared.custom_tools import custom_tools_as_functions
from sealink.wire.dialects.shared.unsupported import dropped_parameters, split_extras
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers
from sealink.wire.raw_json.fields import UNREADABLE, Fields, is_null

PASSED_EXTRAS: Final = {
    "cached_content": "cachedContent",
    "labels": "labels",
    "model_armor_config": "modelArmorConfig",
    "safety_settings": "safetySettings",
}
"""Google's own fields, sent as they are: clients of another dialect may set them (OpenAI's `extra_body`), in either
of Google's spellings."""

GENERATION_EXTRAS: Final = {
    "image_config": "imageConfig",
    "media_resolution": "mediaResolution",
    "speech_config": "speechConfig",
    "thinking_config": "thinkingConfig",
}
"""The same, of `generationConfig`. The client may also set that itself: its fields take precedence over SeaLink's."""


def _both_spellings(names: dict[str, str]) -> dict[str, str]:
    """The names on the wire, by each spelling."""
    return {spelling: wire for name, wire in names.items() for spelling in (name, wire)}


DROPPED: Final = ("user", "image_url.detail", "cache_control", "logit_bias")
"""`cache_control`: Gemini caches prompts by default."""

_TOP_LEVEL: Final = _both_spellings(PASSED_EXTRAS)
_GENERATION: Final = _both_spellings(GENERATION_EXTRAS)
_GENERATION_CONFIG: Final = ("generationConfig", "generation_config")

_OTHER_RESOURCES: Final = ("tunedModels/", "endpoints/")
_SERVICE_TIERS: Final = {
    "auto": None,
    "default": "standard",
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
}


IDENTIFIERS: Final = Identifiers(tool_name=Rule(64, "a-zA-Z0-9_.:-", first="a-zA-Z_"))
"""https://ai.google.dev/api/caching#FunctionDeclaration"""


def write_request(request: ChatRequest, model: str, models_path: str) -> OutgoingRequest:
    """`models_path`: the path of the provider's models. Raises InvalidRequest naming what Gemini does not support."""
    request, custom_dropped = custom_tools_as_functions(fit_identifiers(request, IDENTIFIERS))
    rules, dropped = rules_of(model), [*dropped_parameters(request, DROPPED), *custom_dropped]
    extras, left_out = split_extras(request, (*_TOP_LEVEL, *_GENERATION), read=_GENERATION_CONFIG)
    body: dict[str, Any] = {"contents": write_contents(request.messages, rules)}
    body |= write_system(request.messages)
    body |= write_tools(request, rules, dropped)
    generation = write_generation(request, rules, dropped)
    generation |= _renamed(extras, _GENERATION) | _own_generation_config(request.extras)
    if generation:
        body["generationConfig"] = generation
    body |= _service_tier(request.service_tier, dropped)
    body |= _renamed(extras, _TOP_LEVEL)
    return OutgoingRequest(
        path=_path(model, models_path, stream=request.stream),
        body=msgspec.json.encode(body),
        dropped=tuple(dict.fromkeys([*dropped, *left_out])),
    )


def _renamed(extras: Fields, wire_names: dict[str, str]) -> Fields:
    """The extra fields that are in `wire_names`, by their names on the wire."""
    return {wire_names[name]: raw for name, raw in extras.items() if name in wire_names}


def _own_generation_config(extras: Fields) -> Fields:
    """The client's own `generationConfig`. Raises InvalidRequest if it is not an object."""
    raw = next((extras[name] for name in _GENERATION_CONFIG if not is_null(extras.get(name))), Raw(b"{}"))
    try:
        return msgspec.json.decode(raw, type=Fields)
    except UNREADABLE as error:
        message = f"`generationConfig` must be a JSON object: {error}."
        raise InvalidRequest(message, param="generationConfig") from error


def _service_tier(tier: str | None, dropped: list[str]) -> dict[str, str]:
    if tier is not None and tier not in _SERVICE_TIERS:
        dropped.append("service_tier")
    word = _SERVICE_TIERS.get(tier or "auto")
    return {"serviceTier": word} if word else {}


def _path(model: str, models_path: str, *, stream: bool) -> str:
    """Below the provider's models; a tuned model is a resource of its own: `endpoints/123`."""
    resource = model.removeprefix("models/")
    if resource.startswith(_OTHER_RESOURCES):
        path = f"{models_path.removesuffix('/models')}/{quote(resource, safe='/@')}"
    else:
        path = f"{models_path}/{quote(resource, safe='@')}"
    return path + (":streamGenerateContent?alt=sse" if stream else ":generateContent")
