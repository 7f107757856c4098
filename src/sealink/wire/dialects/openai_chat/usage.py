"""Token counts of a chat completion, read and written. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any

from sealink.usage import Usage
from sealink.wire.dialects.shared.openai_usage import read_plain_usage, read_usage, standard_counts
from sealink.wire.raw_json.fields import Fields, array_of, object_of

__all__ = ["read_plain_usage", "read_usage", "standard_counts", "usage_in_choices", "usage_object"]


def usage_in_choices(answer: Fields) -> Fields | None:
    """The usage in a choice, where Moonshot has it: github.com/AstrBotDevs/AstrBot/issues/6614."""
    choices = answer.get("choices")
    if choices is None or b'"usage"' not in bytes(choices):
        return None
    usages = (object_of((object_of(choice) or {}).get("usage")) for choice in array_of(choices) or ())
    return next(filter(None, usages), None)


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
