"""Token counts, as the Responses API names them. https://platform.openai.com/docs/api-reference/responses/object"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.dialects.shared.openai_usage import audio_in, standard_counts, with_reasoning
from sealink.wire.raw_json.fields import Count, Fields, count_of, is_null, object_of, text_of, to_raw

_COUNTS: Final = ("input_tokens", "output_tokens", "total_tokens")
_NO_DETAILS: Final = {
    "input_tokens_details": ("cached_tokens", "cache_write_tokens"),
    "output_tokens_details": ("reasoning_tokens",),
}
"""The details that must be there, if only as zeros. Most vendors leave out the second one."""

_MODELLED: Final = ("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens")


def read_usage(fields: Fields, service_tier: str | None = None, output: Iterable[Raw] = ()) -> Usage:
    """A `usage` object. A count that it lacks is 0. `service_tier` and `output` are those of the response: OpenAI
    charges for each search in it."""
    calls = [object_of(item) or {} for item in output if _is_search(item)]
    input_details = object_of(fields.get("input_tokens_details")) or {}
    output_details = object_of(fields.get("output_tokens_details")) or {}
    prompt, completion = _count(fields, "input_tokens"), _count(fields, "output_tokens")
    reasoning = _count(output_details, "reasoning_tokens")
    return Usage(
        input_tokens=prompt,
        output_tokens=with_reasoning(completion, reasoning, prompt, count_of(fields.get("total_tokens"))),
        cached_read_tokens=_count(input_details, "cached_tokens"),
        cached_write_tokens=_count(input_details, "cache_write_tokens"),
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and not is_null(raw)},
        input_audio_tokens=audio_in(fields.get("input_tokens_details")),
        output_audio_tokens=audio_in(fields.get("output_tokens_details")),
        input_image_tokens=_count(input_details, "image_tokens"),
        output_image_tokens=_count(output_details, "image_tokens"),
        web_searches=sum(map(_is_web_search, calls)),
        file_searches=sum(text_of(call.get("type")) == "file_search_call" for call in calls),
        service_tier=service_tier_of(service_tier),
    )


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count
    cache_write_tokens: Count
    audio_tokens: None = None
    image_tokens: None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count
    audio_tokens: None = None
    image_tokens: None = None


class _PlainUsage(msgspec.Struct, gc=False):
    """OpenAI's own usage of an answer that is a text."""

    input_tokens: Count
    output_tokens: Count
    total_tokens: Count
    input_tokens_details: _InputDetails
    output_tokens_details: _OutputDetails


_PLAIN: Final = msgspec.json.Decoder(_PlainUsage | None)


def read_plain_usage(raw: Raw, service_tier: str | None) -> Usage | None:
    """What `read_usage` reads of a `usage` object with all counts, in their right types; None for null. Raises
    msgspec.ValidationError for any other."""
    view = _PLAIN.decode(raw)
    if view is None:
        return None
    prompt, reasoning = view.input_tokens_details, view.output_tokens_details.reasoning_tokens
    fields = object_of(raw) or {}
    return Usage(
        input_tokens=view.input_tokens,
        output_tokens=with_reasoning(view.output_tokens, reasoning, view.input_tokens, view.total_tokens),
        cached_read_tokens=prompt.cached_tokens,
        cached_write_tokens=prompt.cache_write_tokens,
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and not is_null(raw)},
        service_tier=service_tier_of(service_tier),
    )


def standard_usage(fields: Fields) -> Fields:
    """The very same `usage` object if it has all counts, in OpenAI's types."""
    standard = standard_counts(fields, _COUNTS)
    for name, counts in _NO_DETAILS.items():
        details = object_of(standard.get(name)) or {}
        if is_null(details.get(counts[0])):
            zeros = {count: 0 for count in counts if is_null(details.get(count))}
            standard = {**standard, name: to_raw({**details, **zeros})}
    return standard


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage in this API's shape, with the provider's other fields beside it."""
    return {
        **usage.extras,
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_read_tokens,
            "cache_write_tokens": usage.cached_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _is_search(item: Raw) -> bool:
    """Whether it may be one: most items need not be parsed for it."""
    return b"_search_call" in bytes(item)


def _is_web_search(call: Fields) -> bool:
    """Opening a page that was found is a `web_search_call` too, and costs nothing:
    https://platform.openai.com/docs/guides/tools-web-search"""
    action = object_of(call.get("action")) or {}
    return text_of(call.get("type")) == "web_search_call" and text_of(action.get("type")) in (None, "search")


def _count(fields: Fields, name: str) -> int:
    return count_of(fields.get(name)) or 0
