"""Token counts, as Cohere reports them. https://docs.cohere.com/v2/reference/chat"""

from sealink.usage import Usage
from sealink.wire.raw_json.fields import NULL, Fields, count_of, encode, object_of, utf8


def read_usage(fields: Fields) -> Usage:
    """`tokens` is what the model read and wrote, including what Cohere itself adds to a prompt; `cached_tokens` is a
    part of it. `billed_units` is what Cohere charges for. A count that is not there is 0. Raises UnicodeDecodeError.
    """
    utf8(encode(fields))
    billed = object_of(fields.get("billed_units"))
    counts = object_of(fields.get("tokens")) or billed or {}
    return Usage(
        input_tokens=_count(counts, "input_tokens"),
        output_tokens=_count(counts, "output_tokens"),
        cached_read_tokens=_count(fields, "cached_tokens"),
        reasoning_tokens=_count(counts, "reasoning_tokens"),
        billed=None if billed is None else (_count(billed, "input_tokens"), _count(billed, "output_tokens")),
        extras={name: raw for name, raw in fields.items() if name != "cached_tokens" and raw != NULL},
    )


def _count(fields: Fields, name: str) -> int:
    return count_of(fields.get(name)) or 0
