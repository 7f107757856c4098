"""Ollama's errors: `{"error": "…"}`, as the body of an error status or as a line of a stream.

https://docs.ollama.com/api/errors
"""

from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "ollama"


class _Body(msgspec.Struct):
    error: str | None = None


def read_error(status: int | None, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status, or an error inside a stream, which has no status."""
    try:
        message = msgspec.json.decode(body, type=_Body).error
    except UNREADABLE:
        message = None
    return rejected(NAME, status, message or "", body, headers=headers)
