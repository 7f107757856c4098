"""Token counts. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html

Bedrock's `inputTokens` does not include cached input; SeaLink's does. Bedrock does not count thinking separately.
"""

from typing import Final

from msgspec import Raw

from sealink.usage import Usage, service_tier_of
from sealink.wire.dialects.bedrock_converse.views import CACHE_DETAILS, SERVICE_TIER
from sealink.wire.raw_json.fields import UNREADABLE, Fields, count_of, encode, is_null, utf8

_COUNTS: Final = ("inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens")


def read_usage(fields: Fields, service_tier: Raw) -> Usage:
    """`service_tier` stands beside the counts. A count that is not there is 0. Raises UnicodeDecodeError."""
    utf8(encode(fields))
    uncached, output, _, cached, written = (count_of(fields.get(name)) or 0 for name in _COUNTS)
    return Usage(
        input_tokens=uncached + cached + written,
        output_tokens=output,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        extras={name: raw for name, raw in fields.items() if name not in _COUNTS and not is_null(raw)},
        cached_write_1h_tokens=_written_for_1h(fields.get("cacheDetails")),
        service_tier=_tier(service_tier),
    )


def _written_for_1h(details: Raw | None) -> int:
    try:
        lifetimes = CACHE_DETAILS.decode(details or b"[]")
    except UNREADABLE:  # it is no part of the answer
        return 0
    return sum(each.input_tokens or 0 for each in lifetimes if each.ttl == "1h")


def _tier(service_tier: Raw) -> str:
    try:
        return service_tier_of(SERVICE_TIER.decode(service_tier or b"{}").type)
    except UNREADABLE:
        return ""
