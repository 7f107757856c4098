"""The `usage` object of OpenAI's APIs, under all the names that OpenAI-compatible vendors give its counts.

https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.raw_json.fields import NULL, Fields, encode, integer_of, object_of

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


class _PlainCounts(_Counts, gc=False):
    """Those that OpenAI's own usage has."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


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
    return None if counts is None else _usage(counts, object_of(raw) or {}, service_tier)


def _usage(counts: _Counts, fields: Fields, service_tier: str | None) -> Usage:
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


def written_for_1h(cache_creation: Raw | None) -> int:
    """The tokens that are kept for an hour, in Anthropic's object of cache writes."""
    return _first(integer_of((object_of(cache_creation) or {}).get("ephemeral_1h_input_tokens")))


def audio_in(details: Raw | None) -> int:
    """The tokens of audio in an object of details."""
    return _first(integer_of((object_of(details) or {}).get("audio_tokens")))


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
    return {name: integer_of(fields.get(name)) for name in names}


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
