"""Token counts. https://ai.google.dev/api/generate-content#UsageMetadata"""

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.dialects.gemini_generate.views import (
    CHARGED,
    COUNT_NAMES,
    COUNTS,
    SEARCHES,
    Charged,
    Counts,
    ModalityCount,
)
from sealink.wire.raw_json.fields import UNREADABLE, count_of, is_null, object_of

_NO_COUNTS = Counts()
_NO_CHARGES = Charged()
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def read_usage(raw: Raw, *, final: bool, web_searches: int = 0) -> Usage | None:
    """Gemini counts thoughts apart from the answer, and the results of its own tools apart from the prompt.

    A count that it lacks is 0: running counts may lack any. None where there are no counts at all: the cloud's first
    chunk only says how the request is paid for. Other fields are read and kept of the `final`
    usage. Raises UnicodeDecodeError.
    """
    counts = _counts(raw)
    if counts is None or counts == _NO_COUNTS:
        return None
    thoughts = counts.thoughts_token_count or 0
    others, charged = (_FIELDS.decode(raw), _charged(raw)) if final else ({}, _NO_CHARGES)
    prompt = (counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0)
    candidates = counts.candidates_token_count or 0
    includes_thoughts = counts.total_token_count == prompt + candidates  # a proxy's: Google's total has them besides
    return Usage(
        input_tokens=prompt,
        output_tokens=candidates if includes_thoughts else candidates + thoughts,
        cached_read_tokens=counts.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
        extras={name: raw for name, raw in others.items() if name not in COUNT_NAMES and not is_null(raw)},
        input_audio_tokens=_of("AUDIO", charged.prompt_tokens_details, charged.tool_use_prompt_tokens_details),
        cached_audio_tokens=_of("AUDIO", charged.cache_tokens_details),
        output_audio_tokens=_of("AUDIO", charged.candidates_tokens_details),
        input_image_tokens=_of("IMAGE", charged.prompt_tokens_details, charged.tool_use_prompt_tokens_details),
        output_image_tokens=_of("IMAGE", charged.candidates_tokens_details),
        web_searches=web_searches,
        service_tier=service_tier_of(charged.service_tier) or _traffic(charged.traffic_type),
    )


def _counts(raw: Raw) -> Counts | None:
    """Strictly, which nearly always succeeds; else each for itself."""
    try:
        counts: Counts | None = COUNTS.decode(raw)
        return counts
    except msgspec.ValidationError:
        fields = object_of(raw) or {}
        return Counts(*[count_of(fields.get(name)) for name in Counts.__struct_encode_fields__])


def search_count(grounding: Raw) -> int:
    """The searches that Google charges for: it ignores empty queries and repeated ones.

    https://ai.google.dev/gemini-api/docs/google-search#pricing
    """
    try:
        queries = SEARCHES.decode(grounding or b"{}").web_search_queries
    except UNREADABLE:
        return 0
    return len({query for query in queries or () if query})


def _charged(raw: Raw) -> Charged:
    """Nothing where it cannot be read: it is no part of the answer."""
    try:
        return CHARGED.decode(raw)
    except UNREADABLE:
        return _NO_CHARGES


def _traffic(type: str | None) -> str:
    """The cloud's word for the service tier: `ON_DEMAND`, `ON_DEMAND_FLEX`, `ON_DEMAND_PRIORITY`."""
    return service_tier_of((type or "").removeprefix("ON_DEMAND").removeprefix("_"))


def _of(modality: str, *details: Iterable[ModalityCount] | None) -> int:
    return sum(each.token_count or 0 for counts in details for each in counts or () if each.modality == modality)
