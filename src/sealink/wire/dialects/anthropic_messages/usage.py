"""Token counts, read and written. https://platform.claude.com/docs/en/build-with-claude/prompt-caching

Anthropic's `input_tokens` does not include cached input; SeaLink's does.
"""

from typing import Any

import msgspec
from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.dialects.anthropic_messages.views import Charged, Counts, OutputDetails
from sealink.wire.raw_json.fields import UNREADABLE


def read_usage(fields: dict[str, Raw]) -> Usage:
    """Raises msgspec.ValidationError."""
    data = msgspec.json.encode(fields)
    counts, charged = msgspec.json.decode(data, type=Counts), _charged(data)
    cached, written = counts.cache_read_input_tokens or 0, counts.cache_creation_input_tokens or 0
    details = counts.output_tokens_details or OutputDetails()
    return Usage(
        input_tokens=(counts.input_tokens or 0) + cached + written,
        output_tokens=counts.output_tokens or 0,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        reasoning_tokens=details.thinking_tokens or 0,
        extras={name: raw for name, raw in fields.items() if name not in Counts.__struct_fields__},
        cached_write_1h_tokens=charged.cache_creation.ephemeral_1h_input_tokens or 0 if charged.cache_creation else 0,
        web_searches=charged.server_tool_use.web_search_requests or 0 if charged.server_tool_use else 0,
        service_tier=service_tier_of(charged.service_tier) or service_tier_of(charged.speed),
    )


def _charged(data: bytes) -> Charged:
    """Nothing where it cannot be read: it is no part of the answer."""
    try:
        return msgspec.json.decode(data, type=Charged)
    except UNREADABLE:
        return Charged()


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
