"""Token counts, as OpenAI and the vendors after it spell them. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any, Final

from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.raw_json import Fields, integer_of, object_of

_MODELLED: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


def read_usage(fields: Fields) -> Usage:
    """A `usage` object's meaning. What it does not say is 0."""
    prompt = object_of(fields.get("prompt_tokens_details")) or {}
    completion = object_of(fields.get("completion_tokens_details")) or {}
    reasoning = _first(completion, "reasoning_tokens") or _first(fields, "reasoning_tokens")
    return Usage(
        input_tokens=_first(fields, "prompt_tokens"),
        output_tokens=_output_tokens(fields, reasoning),
        cached_read_tokens=_first(prompt, "cached_tokens")
        or _first(fields, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"),
        cached_write_tokens=_first(prompt, "cache_write_tokens") or _first(fields, "cache_creation_input_tokens"),
        reasoning_tokens=reasoning,
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and raw != Raw(b"null")},
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


def _output_tokens(fields: Fields, reasoning: int) -> int:
    """The completion with its reasoning: xAI, and Gemini behind Vercel, do not count it in `completion_tokens`."""
    prompt, completion = _first(fields, "prompt_tokens"), _first(fields, "completion_tokens")
    apart = reasoning > completion or (
        reasoning > 0 and _first(fields, "total_tokens") == prompt + completion + reasoning
    )
    return completion + reasoning if apart else completion


def _first(fields: Fields, *names: str) -> int:
    """The first of these counts that is above 0."""
    return next((number for name in names if (number := integer_of(fields.get(name)) or 0) > 0), 0)
