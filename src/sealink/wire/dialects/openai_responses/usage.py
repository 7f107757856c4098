"""Token counts, as the Responses API names them. https://platform.openai.com/docs/api-reference/responses/object"""

from typing import Any, Final

from sealink.usage import Usage
from sealink.wire.raw_json.fields import Fields, integer_of, is_null, object_of

_MODELLED: Final = ("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens")


def read_usage(fields: Fields) -> Usage:
    """A `usage` object. A count that it lacks is 0."""
    input_details = object_of(fields.get("input_tokens_details")) or {}
    output_details = object_of(fields.get("output_tokens_details")) or {}
    return Usage(
        input_tokens=_count(fields, "input_tokens"),
        output_tokens=_count(fields, "output_tokens"),
        cached_read_tokens=_count(input_details, "cached_tokens"),
        cached_write_tokens=_count(input_details, "cache_write_tokens"),
        reasoning_tokens=_count(output_details, "reasoning_tokens"),
        extras={name: raw for name, raw in fields.items() if name not in _MODELLED and not is_null(raw)},
    )


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


def _count(fields: Fields, name: str) -> int:
    return max(0, integer_of(fields.get(name)) or 0)
