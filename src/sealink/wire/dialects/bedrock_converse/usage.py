"""Token counts. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html

Bedrock's `inputTokens` does not include cached input; SeaLink's does. Bedrock does not count thinking separately.
"""

import msgspec

from sealink.usage import Usage
from sealink.wire.dialects.bedrock_converse.views import Counts
from sealink.wire.raw_json.fields import Fields, encode, is_null, utf8


def read_usage(fields: Fields) -> Usage:
    """Raises msgspec.ValidationError."""
    counts = msgspec.json.decode(utf8(encode(fields)), type=Counts)
    cached, written = counts.cache_read_input_tokens or 0, counts.cache_write_input_tokens or 0
    names = Counts.__struct_encode_fields__
    return Usage(
        input_tokens=(counts.input_tokens or 0) + cached + written,
        output_tokens=counts.output_tokens or 0,
        cached_read_tokens=cached,
        cached_write_tokens=written,
        extras={name: raw for name, raw in fields.items() if name not in names and not is_null(raw)},
    )
