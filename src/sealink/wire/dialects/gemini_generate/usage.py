"""Token counts. https://ai.google.dev/api/generate-content#UsageMetadata"""

from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialects.gemini_generate.views import COUNT_NAMES, COUNTS
from sealink.wire.raw_json import encode, is_null


def read_usage(fields: dict[str, Raw]) -> Usage:
    """Gemini counts thoughts beside the answer, and the results of its own tools beside the prompt.

    What it does not say is 0: a running count may lack any of them. Raises msgspec.ValidationError.
    """
    counts = COUNTS.decode(encode(fields))
    thoughts = counts.thoughts_token_count or 0
    return Usage(
        input_tokens=(counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0),
        output_tokens=(counts.candidates_token_count or 0) + thoughts,
        cached_read_tokens=counts.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
        extras={name: raw for name, raw in fields.items() if name not in COUNT_NAMES and not is_null(raw)},
    )
