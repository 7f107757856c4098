"""Token counts, as Anthropic tells them. https://platform.claude.com/docs/en/build-with-claude/prompt-caching"""

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialects.anthropic_messages.views import Counts, OutputDetails


def read_usage(fields: dict[str, Raw]) -> Usage:
    """Anthropic counts cached input apart; SeaLink's input is all of it. Raises msgspec.ValidationError."""
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
