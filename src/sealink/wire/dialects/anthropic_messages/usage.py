"""Token counts, read and written. https://platform.claude.com/docs/en/build-with-claude/prompt-caching

Anthropic's `input_tokens` does not include cached input; SeaLink's does.
"""

from typing import Any

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialects.anthropic_messages.views import Counts, OutputDetails


def read_usage(fields: dict[str, Raw]) -> Usage:
    """Raises msgspec.ValidationError."""
    counts = msgspec.json.decode(msgspec.json.encode(fields), type=Counts)
    cached, written = counts.cache_read_input_tokens or 0, counts.cache_creation_input_tokens or 0
    details = counts.output_tokens_details or OutputDetails()
    return Usage(
        input_tokens=(counts.input_tokens or 0) + cached + written,
        output_tokens=counts.output_tokens or 0,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        reasoning_tokens=details.thinking_tokens or 0,
        extras={name: raw for name, raw in fields.items() if name not in Counts.__struct_fields__},
    )


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
