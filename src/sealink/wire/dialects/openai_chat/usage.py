"""Token counts of a chat completion, read and written. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any

from sealink.usage import Usage
from sealink.wire.dialects.shared.openai_usage import read_plain_usage, read_usage, standard_counts

__all__ = ["read_plain_usage", "read_usage", "standard_counts", "usage_object"]


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
