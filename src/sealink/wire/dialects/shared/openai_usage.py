"""The `usage` object of OpenAI's APIs, under all the names that OpenAI-compatible vendors give its counts.

https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.raw_json.fields import NULL, Fields, encode, integer_of, object_of

_MODELLED: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


class _Details(msgspec.Struct, gc=False):
    """The details of the prompt's tokens, or of the completion's."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


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
_COUNTS: Final = msgspec.json.Decoder(_Counts)


def read_usage(fields: Fields) -> Usage:
    """The tokens that a `usage` object counts; a count that it lacks is 0."""
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
    )


def _counts(fields: Fields) -> _Counts:
    try:
        return _COUNTS.decode(encode(fields))
    except msgspec.ValidationError:  # one count is of another type: the others still count
        prompt, completion = (_details(fields.get(name)) for name in _DETAILS)
        counts = _integers(fields, _COUNT_NAMES)
        return _Counts(**counts, prompt_tokens_details=prompt, completion_tokens_details=completion)


def _details(raw: Raw | None) -> _Details:
    return _Details(**_integers(object_of(raw) or {}, _Details.__struct_fields__))


def _integers(fields: Fields, names: Iterable[str]) -> dict[str, Any]:
    return {name: integer_of(fields.get(name)) for name in names}


def _output_tokens(counts: _Counts, reasoning: int) -> int:
    """The completion's tokens with those of its reasoning, which xAI, and Gemini behind Vercel, do not include in
    `completion_tokens`."""
    prompt, completion = _first(counts.prompt_tokens), _first(counts.completion_tokens)
    is_separate = reasoning > completion or (reasoning > 0 and counts.total_tokens == prompt + completion + reasoning)
    return completion + reasoning if is_separate else completion


def _first(*counts: int | None) -> int:
    """The first of these counts that is above 0."""
    for count in counts:
        if count is not None and count > 0:
            return count
    return 0
