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

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cached_tokens_details: Raw = NULL


class _Counts(msgspec.Struct, gc=False):
    """A usage object's counts, by all the names that vendors use."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


_NONE: Final = _Details()
_DETAILS: Final = ("prompt_tokens_details", "completion_tokens_details")
_COUNT_NAMES: Final = frozenset(_Counts.__struct_fields__) - frozenset(_DETAILS)
_DETAIL_COUNTS: Final = frozenset(_Details.__struct_fields__) - {"cached_tokens_details"}
_COUNTS: Final = msgspec.json.Decoder(_Counts)


def read_usage(fields: Fields, service_tier: str | None = None) -> Usage:
    """The tokens that a `usage` object counts; a count that it lacks is 0. `service_tier` stands beside it."""
    counts = _counts(fields)
    prompt, completion = counts.prompt_tokens_details or _NONE, counts.completion_tokens_details or _NONE
    reasoning = _first(completion.reasoning_tokens, counts.reasoning_tokens)
    return Usage(
        input_tokens=_first(counts.prompt_tokens),
        output_tokens=_output_tokens(counts, reasoning),
        cached_read_tokens=_first(
            prompt.cached_tokens,
            counts.prompt_cache_hit_tokens,
            counts.cached_tokens,
            counts.cache_read_input_tokens,
        ),
        cached_write_tokens=_first(prompt.cache_write_tokens, counts.cache_creation_input_tokens),
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and raw != NULL},
        cached_write_1h_tokens=written_for_1h(fields.get("cache_creation")),
        input_audio_tokens=_first(prompt.audio_tokens),
        cached_audio_tokens=audio_in(prompt.cached_tokens_details),
        output_audio_tokens=_first(completion.audio_tokens),
        input_image_tokens=_first(prompt.image_tokens),
        output_image_tokens=_first(completion.image_tokens),
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
    return _first(count_of((object_of(cache_creation) or {}).get("ephemeral_1h_input_tokens")))


def audio_in(details: Raw | None) -> int:
    """The tokens of audio in an object of details."""
    return _first(count_of((object_of(details) or {}).get("audio_tokens")))


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


def _output_tokens(counts: _Counts, reasoning: int) -> int:
    prompt, completion = _first(counts.prompt_tokens), _first(counts.completion_tokens)
    return with_reasoning(completion, reasoning, prompt, counts.total_tokens)


def with_reasoning(completion: int, reasoning: int, prompt: int, total: int | None) -> int:
    """The answer's tokens, its reasoning included. xAI does not count it in the completion, and its total shows that.

    Where the total shows nothing, the completion includes the reasoning, as OpenAI's does, even if it is said to be
    larger: recording openrouter/pydantic-ai-openrouter_stream_error-baafd4.
    """
    is_separate = reasoning > 0 and total == prompt + completion + reasoning
    return completion + reasoning if is_separate else completion


def _first(*counts: int | None) -> int:
    """The first of these counts that is above 0."""
    for count in counts:
        if count is not None and count > 0:
            return count
    return 0
