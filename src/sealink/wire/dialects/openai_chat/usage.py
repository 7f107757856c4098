"""Token counts, as OpenAI and the vendors after it spell them. https://platform.openai.com/docs/api-reference/chat/object"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.raw_json.fields import NULL, Fields, encode, integer_of, object_of

_MODELLED: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


class _Details(msgspec.Struct, gc=False):
    """Of the prompt, or of the completion."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Counts(msgspec.Struct, gc=False):
    """All names that a count is known by."""

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
    """A `usage` object's meaning. What it does not say is 0."""
    said = _counts(fields)
    prompt, completion = said.prompt_tokens_details or _NONE, said.completion_tokens_details or _NONE
    reasoning = _first(completion.reasoning_tokens, said.reasoning_tokens)
    return Usage(
        input_tokens=_first(said.prompt_tokens),
        output_tokens=_output_tokens(said, reasoning),
        cached_read_tokens=_first(
            prompt.cached_tokens,
            said.prompt_cache_hit_tokens,
            said.cached_tokens,
            said.cache_read_input_tokens,
        ),
        cached_write_tokens=_first(prompt.cache_write_tokens, said.cache_creation_input_tokens),
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and raw != NULL},
    )


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage in OpenAI's shape, with the provider's other fields beside it."""
    return {
        **usage.extras,
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_read_tokens,
            "cache_write_tokens": usage.cached_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _counts(fields: Fields) -> _Counts:
    try:
        return _COUNTS.decode(encode(fields))
    except msgspec.ValidationError:  # a count of another type says nothing, the others do
        prompt, completion = (_details(fields.get(name)) for name in _DETAILS)
        counts = _integers(fields, _COUNT_NAMES)
        return _Counts(**counts, prompt_tokens_details=prompt, completion_tokens_details=completion)


def _details(raw: Raw | None) -> _Details:
    return _Details(**_integers(object_of(raw) or {}, _Details.__struct_fields__))


def _integers(fields: Fields, names: Iterable[str]) -> dict[str, Any]:
    return {name: integer_of(fields.get(name)) for name in names}


def _output_tokens(said: _Counts, reasoning: int) -> int:
    """The completion with its reasoning: xAI, and Gemini behind Vercel, do not count it in `completion_tokens`."""
    prompt, completion = _first(said.prompt_tokens), _first(said.completion_tokens)
    apart = reasoning > completion or (reasoning > 0 and said.total_tokens == prompt + completion + reasoning)
    return completion + reasoning if apart else completion


def _first(*counts: int | None) -> int:
    """The first of these counts that is above 0."""
    for count in counts:
        if count is not None and count > 0:
            return count
    return 0
