"""Cohere's errors. https://docs.cohere.com/v2/reference/errors

{"id": "…", "message": "…"} with an error status; or a `finish_reason` of an answer that has begun, with `error`.
"""

from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "cohere"

FAILURES: Final = {"ERROR": 502, "TIMEOUT": 504}
"""Finish reasons that are not ends but failures, and the status that each stands for."""


class _Said(msgspec.Struct):
    message: str | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status."""
    try:
        words = msgspec.json.decode(body, type=_Said).message or ""
    except UNREADABLE:
        words = ""
    code = "context_length_exceeded" if words.startswith("too many tokens") else None
    return rejected(NAME, status, words, body, code=code, headers=headers, request_id="x-debug-trace-id")


def failed(reason: str, words: str, code: str | None) -> UpstreamRejected:
    """An answer that failed after it had begun
    (recording cohere/langchain-cohere-sql_agent-1-1c1f5d: INVALID_TOOL_GENERATION)."""
    return rejected(NAME, FAILURES[reason], words or f"The model's answer failed: {reason}.", b"", code=code or reason)
