"""Token counts, read and written. https://platform.claude.com/docs/en/build-with-claude/prompt-caching

Anthropic's `input_tokens` does not include cached input; SeaLink's does.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.raw_json.fields import NULL, UNREADABLE, Count, Fields, count_of, encode, object_of, text_of, utf8

COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_MODELLED: Final = (*COUNTS, "output_tokens_details")


def read_usage(fields: Fields) -> Usage:
    """A count that it lacks is 0."""
    try:
        return _plain_usage(_PLAIN.decode(encode(fields)), fields)
    except UNREADABLE:
        return _usage(fields)


def _usage(fields: Fields) -> Usage:
    """Field by field: one that makes no sense does not keep the others from being read."""
    uncached, output, cached, written = (_count(fields, name) for name in COUNTS)
    return Usage(
        input_tokens=uncached + cached + written,
        output_tokens=output,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        reasoning_tokens=_count(_object(fields, "output_tokens_details"), "thinking_tokens"),
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED},
        cached_write_1h_tokens=_count(_object(fields, "cache_creation"), "ephemeral_1h_input_tokens"),
        web_searches=_count(_object(fields, "server_tool_use"), "web_search_requests"),
        service_tier=_tier(fields, "service_tier") or _tier(fields, "speed"),
    )


class _Details(msgspec.Struct, gc=False):
    thinking_tokens: Count | None = None


class _PlainUsage(msgspec.Struct, gc=False):
    """Anthropic's own usage of an answer that is a text, without what is priced apart."""

    input_tokens: Count
    output_tokens: Count
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    output_tokens_details: _Details | None = None
    cache_creation: None = None
    server_tool_use: None = None
    service_tier: str | None = None
    speed: str | None = None


_PLAIN: Final = msgspec.json.Decoder(_PlainUsage)


def read_plain_usage(raw: Raw) -> Usage:
    """What `read_usage` reads of a usage object whose counts are all of the right type. Raises
    msgspec.ValidationError for any other."""
    utf8(raw)
    view = _PLAIN.decode(raw)
    return _plain_usage(view, {name: raw for name, raw in (object_of(raw) or {}).items() if raw != NULL})


def _plain_usage(view: _PlainUsage, fields: Fields) -> Usage:
    cached, written = view.cache_read_input_tokens or 0, view.cache_creation_input_tokens or 0
    return Usage(
        input_tokens=view.input_tokens + cached + written,
        output_tokens=view.output_tokens,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        reasoning_tokens=view.output_tokens_details.thinking_tokens or 0 if view.output_tokens_details else 0,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED},
        service_tier=service_tier_of(view.service_tier) or service_tier_of(view.speed),
    )


def _count(fields: Fields, name: str) -> int:
    return count_of(fields.get(name)) or 0


def _object(fields: Fields, name: str) -> Fields:
    return object_of(fields.get(name)) or {}


def _tier(fields: Fields, name: str) -> str:
    return service_tier_of(text_of(fields.get(name)))


def usage_object(usage: Usage | None) -> dict[str, Any]:
    """Usage in Anthropic's shape. Zeros where the provider reported none."""
    usage = usage or Usage()
    cached = usage.cached_read_tokens + usage.cached_write_tokens
    return {
        **usage.extras,
        "input_tokens": max(usage.input_tokens - cached, 0),
        "cache_creation_input_tokens": usage.cached_write_tokens,
        "cache_read_input_tokens": usage.cached_read_tokens,
        "output_tokens": usage.output_tokens,
        **({"output_tokens_details": {"thinking_tokens": usage.reasoning_tokens}} if usage.reasoning_tokens else {}),
    }
