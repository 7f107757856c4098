"""Token counts. https://ai.google.dev/api/generate-content#UsageMetadata"""

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialects.gemini_generate.views import COUNT_NAMES, COUNTS, Counts
from sealink.wire.raw_json.fields import is_null

_NO_COUNTS = Counts()
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def read_usage(raw: Raw, *, final: bool) -> Usage | None:
    """Gemini counts thoughts apart from the answer, and the results of its own tools apart from the prompt.

    A count that it lacks is 0: running counts may lack any. None where there are no counts at all: the cloud's first
    chunk only says how the request is paid for. Other fields are kept of the `final` usage. Raises
    msgspec.ValidationError.
    """
    counts = COUNTS.decode(raw)
    if counts is None or counts == _NO_COUNTS:
        return None
    thoughts = counts.thoughts_token_count or 0
    others = _FIELDS.decode(raw) if final else {}
    return Usage(
        input_tokens=(counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0),
        output_tokens=(counts.candidates_token_count or 0) + thoughts,
        cached_read_tokens=counts.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
        extras={name: raw for name, raw in others.items() if name not in COUNT_NAMES and not is_null(raw)},
    )
