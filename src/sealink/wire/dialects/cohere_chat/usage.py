"""Token counts, as Cohere reports them. https://docs.cohere.com/v2/reference/chat"""

import msgspec

from sealink.usage import Usage
from sealink.wire.dialects.cohere_chat.views import View
from sealink.wire.raw_json.fields import NULL, Fields, encode, utf8


class _Counts(View):
    input_tokens: float | None = None
    output_tokens: float | None = None
    reasoning_tokens: float | None = None


class _Usage(View):
    tokens: _Counts | None = None
    billed_units: _Counts | None = None
    cached_tokens: float | None = None


def read_usage(fields: Fields) -> Usage:
    """`tokens` is what the model read and wrote, including what Cohere itself adds to a prompt; `cached_tokens` is a
    part of it. `billed_units` is what Cohere charges for. Raises msgspec.ValidationError.
    """
    usage = msgspec.json.decode(utf8(encode(fields)), type=_Usage)
    counts = usage.tokens or usage.billed_units or _Counts()
    billed = usage.billed_units
    return Usage(
        input_tokens=int(counts.input_tokens or 0),
        output_tokens=int(counts.output_tokens or 0),
        cached_read_tokens=int(usage.cached_tokens or 0),
        reasoning_tokens=int(counts.reasoning_tokens or 0),
        billed=None if billed is None else (int(billed.input_tokens or 0), int(billed.output_tokens or 0)),
        extras={name: raw for name, raw in fields.items() if name != "cached_tokens" and raw != NULL},
    )
