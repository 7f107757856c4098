"""The `usage` object of OpenAI's APIs, under all the names that OpenAI-compatible vendors give its counts.

https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.raw_json.fields import (
    NULL,
    Count,
    Fields,
    count_of,
    encode,
    is_count,
    is_null,
    object_of,
    starts_with,
    to_raw,
)

_MODELLED: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


class _Details(msgspec.Struct, gc=False):
    """The details of the prompt's tokens, or of the completion's."""

    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    audio_tokens: Count | None = None
    image_tokens: Count | None = None
    cached_tokens_details: Raw = NULL


class _Counts(msgspec.Struct, gc=False):
    """A usage object's counts, by all the names that vendors use."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    prompt_cache_hit_tokens: Count | None = None
    cached_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _PlainCounts(_Counts, gc=False):
    """Those that OpenAI's own usage has."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    cached_tokens: None = None


_NONE: Final = _Details()
_DETAILS: Final = ("prompt_tokens_details", "completion_tokens_details")
_COUNT_NAMES: Final = frozenset(_Counts.__struct_fields__) - frozenset(_DETAILS)
_DETAIL_COUNTS: Final = frozenset(_Details.__struct_fields__) - {"cached_tokens_details"}
_COUNTS: Final = msgspec.json.Decoder(_Counts)
_PLAIN_COUNTS: Final = msgspec.json.Decoder(_PlainCounts | None)


def read_usage(fields: Fields, service_tier: str | None = None) -> Usage:
    """The tokens that a `usage` object counts; a count that it lacks is 0. `service_tier` stands beside it."""
    return _usage(_counts(fields), fields, service_tier)


def read_plain_usage(raw: Raw, service_tier: str | None = None) -> Usage | None:
    """What `read_usage` reads of a `usage` object whose counts are all of the right type; None for null. Raises
    msgspec.ValidationError for any other."""
    counts = _PLAIN_COUNTS.decode(raw)
    if counts is None:
        return None
    fields = object_of(raw) or {}
    if len(fields) == len(_MODELLED):  # these are required, so that there is nothing else
        return Usage(counts.prompt_tokens, counts.completion_tokens, service_tier=service_tier_of(service_tier))
    return _usage(counts, fields, service_tier)


def _usage(counts: _Counts, fields: Fields, service_tier: str | None) -> Usage:
    prompt, completion = counts.prompt_tokens_details or _NONE, counts.completion_tokens_details or _NONE
    reasoning = completion.reasoning_tokens or counts.reasoning_tokens or 0
    prompt_tokens, completion_tokens = counts.prompt_tokens or 0, counts.completion_tokens or 0
    return Usage(
        input_tokens=prompt_tokens,
        output_tokens=with_reasoning(completion_tokens, reasoning, prompt_tokens, counts.total_tokens),
        cached_read_tokens=prompt.cached_tokens
        or counts.prompt_cache_hit_tokens
        or counts.cached_tokens
        or counts.cache_read_input_tokens
        or 0,
        cached_write_tokens=prompt.cache_write_tokens or counts.cache_creation_input_tokens or 0,
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and raw != NULL},
        cached_write_1h_tokens=written_for_1h(fields.get("cache_creation")),
        input_audio_tokens=prompt.audio_tokens or 0,
        cached_audio_tokens=audio_in(prompt.cached_tokens_details),
        output_audio_tokens=completion.audio_tokens or 0,
        input_image_tokens=prompt.image_tokens or 0,
        output_image_tokens=completion.image_tokens or 0,
        service_tier=service_tier_of(service_tier),
    )


def standard_counts(usage: Fields, required: Sequence[str] = _MODELLED) -> Fields:
    """The very same `usage` object if its counts have OpenAI's types. A count that makes no sense is 0.

    `required`: the names of the prompt's tokens, the answer's, and their sum."""
    standard = _with_counts(usage, _COUNT_NAMES.union(required))
    for name in (f"{name}_details" for name in required[:2]):
        if not is_null(raw := usage.get(name)):
            details = object_of(raw) or {}
            if (right := _with_counts(details, _DETAIL_COUNTS)) is not details or not starts_with(usage[name], b"{"):
                standard = {**standard, name: to_raw(right)}
    cached = standard.get("cached_tokens")
    if count_of(cached) and is_null(standard.get(f"{required[0]}_details")):  # Moonshot
        standard = {**standard, f"{required[0]}_details": to_raw({"cached_tokens": cached})}
    if not any(is_null(standard.get(name)) for name in required):
        return standard
    prompt, completion, total = (count_of(standard.get(name)) for name in required)
    total = (prompt or 0) + (completion or 0) if total is None else total
    counts = zip(required, (prompt or 0, completion or 0, total), strict=True)
    return standard | {name: to_raw(count) for name, count in counts}


def _with_counts(fields: Fields, names: Iterable[str]) -> Fields:
    wrong = [name for name in names if not (is_null(fields.get(name)) or is_count(fields[name]))]
    return fields | {name: to_raw(count_of(fields[name]) or 0) for name in wrong} if wrong else fields


def written_for_1h(cache_creation: Raw | None) -> int:
    """The tokens that are kept for an hour, in Anthropic's object of cache writes."""
    return 0 if is_null(cache_creation) else _count_in(cache_creation, "ephemeral_1h_input_tokens")


def audio_in(details: Raw | None) -> int:
    """The tokens of audio in an object of details."""
    return 0 if is_null(details) else _count_in(details, "audio_tokens")


def _count_in(raw: Raw | None, name: str) -> int:
    return count_of((object_of(raw) or {}).get(name)) or 0


def _counts(fields: Fields) -> _Counts:
    try:
        return _COUNTS.decode(encode(fields))
    except msgspec.ValidationError:  # one count is of another type: the others still count
        prompt, completion = (_details(fields.get(name)) for name in _DETAILS)
        counts = _integers(fields, _COUNT_NAMES)
        return _Counts(**counts, prompt_tokens_details=prompt, completion_tokens_details=completion)


def _details(raw: Raw | None) -> _Details:
    fields = object_of(raw) or {}
    cached = fields.get("cached_tokens_details", NULL)
    return _Details(**_integers(fields, _DETAIL_COUNTS), cached_tokens_details=cached)


def _integers(fields: Fields, names: Iterable[str]) -> dict[str, Any]:
    return {name: count_of(fields.get(name)) for name in names}


def with_reasoning(completion: int, reasoning: int, prompt: int, total: int | None) -> int:
    """The answer's tokens, its reasoning included. xAI does not count it in the completion, and its total shows that.

    Where the total shows nothing, the completion includes the reasoning, as OpenAI's does, even if it is said to be
    larger: recording openrouter/pydantic-ai-openrouter_stream_error-baafd4.
    """
    is_separate = reasoning > 0 and total == prompt + completion + reasoning
    return completion + reasoning if is_separate else completion
