"""Sampling, format and thinking: `generationConfig`. https://ai.google.dev/api/generate-content#generationconfig"""

from typing import Any, Final

from sealink.request import ChatRequest, ResponseFormat
from sealink.wire.dialects.gemini_generate.upstream.models import ModelRules
from sealink.wire.dialects.gemini_generate.upstream.schema import adapted
from sealink.wire.dialects.gemini_generate.upstream.thinking import thinking_config
from sealink.wire.dialects.shared.json_schema import required_schema
from sealink.wire.dialects.shared.unsupported import unsupported

_MODALITIES: Final = {"text": "TEXT", "image": "IMAGE"}
_JSON: Final = "application/json"


def write_generation(request: ChatRequest, rules: ModelRules, dropped: list[str]) -> dict[str, Any]:
    """What the request sets, and no defaults. Raises InvalidRequest naming what Gemini does not support."""
    sampling = request.sampling
    written = {
        "maxOutputTokens": sampling.max_tokens,
        **_randomness(request, rules, dropped),
        "stopSequences": sampling.stop or None,
        "seed": sampling.seed,
        "frequencyPenalty": sampling.frequency_penalty or None,  # 0 changes nothing, and some models refuse it
        "presencePenalty": sampling.presence_penalty or None,
        "candidateCount": _candidates(request, rules),
        "responseLogprobs": request.logprobs or None,
        "logprobs": (request.top_logprobs or None) if request.logprobs else None,
        "responseModalities": _modalities(request.modalities),
        **_format(request.response_format),
        "thinkingConfig": thinking_config(request, rules, dropped) or None,
    }
    return {name: value for name, value in written.items() if value is not None}


def _randomness(request: ChatRequest, rules: ModelRules, dropped: list[str]) -> dict[str, Any]:
    sampling = request.sampling
    values = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    if rules.samples:
        return dict(zip(("temperature", "topP", "topK"), values.values(), strict=True))
    dropped += [name for name, value in values.items() if value is not None]
    return {}


def _candidates(request: ChatRequest, rules: ModelRules) -> int | None:
    if request.choices == 1:
        return None
    if not rules.has_candidates:
        raise unsupported("n", "Gemini, from version 3 on,", "more than one answer")
    return request.choices


def _modalities(modalities: list[str] | None) -> list[str] | None:
    if not modalities or modalities == ["text"]:
        return None
    for modality in modalities:
        if modality not in _MODALITIES:
            raise unsupported("modalities", "Gemini", f"{modality!r} in a form that the client could read")
    return [_MODALITIES[modality] for modality in modalities]


def _format(format: ResponseFormat | None) -> dict[str, Any]:
    """The schema, without its name, which Gemini does not take, and without `strict`, which Gemini always is."""
    if format is None or format.kind == "text":
        return {}
    if format.kind == "json_object":
        return {"responseMimeType": _JSON}
    return {"responseMimeType": _JSON, "responseJsonSchema": adapted(required_schema(format), "response_format")}
