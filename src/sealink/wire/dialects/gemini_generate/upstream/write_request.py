"""A neutral request → models/…:generateContent. https://ai.google.dev/api/generate-content

Every field is used, named in `dropped` (a knob that Gemini does not have) or refused (a feature).
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
from sealink.wire.dialects.shared.unsupported import dropped_parameters
from sealink.wire.raw_json.fields import UNREADABLE, Fields, is_null

PASSED_EXTRAS: Final = {
    "cached_content": "cachedContent",
    "labels": "labels",
    "model_armor_config": "modelArmorConfig",
    "safety_settings": "safetySettings",
}
"""Google's own fields, for clients that send them through another dialect (OpenAI's `extra_body`), in either
of Google's spellings: as they are."""

GENERATION_EXTRAS: Final = {
    "image_config": "imageConfig",
    "media_resolution": "mediaResolution",
    "speech_config": "speechConfig",
    "thinking_config": "thinkingConfig",
}
"""The same, of `generationConfig`; and `generationConfig` itself, whose fields go before SeaLink's."""

_NO_KNOBS: Final = ("user", "image_url.detail", "cache_control")
"""What caches prompts at Gemini does so unasked."""

_OTHER_RESOURCES: Final = ("tunedModels/", "endpoints/")
_SERVICE_TIERS: Final = {
    "auto": None,
    "default": "standard",
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
}


def write_request(request: ChatRequest, model: str, models_path: str) -> OutgoingRequest:
    """`models_path` is where the provider keeps its models. Raises InvalidRequest naming what cannot be told."""
    rules, dropped = rules_of(model), dropped_parameters(request, _NO_KNOBS)
    extras = _Extras(request.extras)
    body: dict[str, Any] = {"contents": write_contents(request.messages, rules)}
    body |= write_system(request.messages)
    body |= write_tools(request, rules, dropped)
    generation = write_generation(request, rules, dropped) | extras.taken(GENERATION_EXTRAS) | extras.generation()
    if generation:
        body["generationConfig"] = generation
    body |= _service_tier(request.service_tier, dropped)
    body |= extras.taken(PASSED_EXTRAS)
    return OutgoingRequest(
        path=_path(model, models_path, stream=request.stream),
        body=msgspec.json.encode(body),
        dropped=tuple(dict.fromkeys([*dropped, *extras.left])),
    )


class _Extras:
    """The fields that nothing models. `left` are those that nobody has taken."""

    def __init__(self, extras: Fields) -> None:
        self.left = {name: raw for name, raw in extras.items() if not is_null(raw)}

    def taken(self, names: dict[str, str]) -> dict[str, Raw]:
        """The fields of these names, in Python's spelling or the wire's, by the wire's."""
        return {
            wire: self.left.pop(spelling)
            for name, wire in names.items()
            for spelling in dict.fromkeys((name, wire))
            if spelling in self.left
        }

    def generation(self) -> Fields:
        (raw,) = self.taken({"generation_config": "generationConfig"}).values() or (Raw(b"{}"),)
        try:
            return msgspec.json.decode(raw, type=Fields)
        except UNREADABLE as error:
            raise InvalidRequest(f"generationConfig: {error}", param="generationConfig") from error


def _service_tier(tier: str | None, dropped: list[str]) -> dict[str, str]:
    if tier is not None and tier not in _SERVICE_TIERS:
        dropped.append("service_tier")
    word = _SERVICE_TIERS.get(tier or "auto")
    return {"serviceTier": word} if word else {}


def _path(model: str, models_path: str, *, stream: bool) -> str:
    """A model goes by its name among the provider's models; a tuned one by a resource's: `endpoints/123`."""
    resource = model.removeprefix("models/")
    if resource.startswith(_OTHER_RESOURCES):
        path = f"{models_path.removesuffix('/models')}/{quote(resource, safe='/@')}"
    else:
        path = f"{models_path}/{quote(resource, safe='@')}"
    return path + (":streamGenerateContent?alt=sse" if stream else ":generateContent")
