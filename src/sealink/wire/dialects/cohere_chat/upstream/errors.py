"""Cohere's errors: a body with an error status, or the `finish_reason` and `error` of an answer that has begun.

    {"id": "…", "message": "…"}

https://docs.cohere.com/v2/reference/errors
"""

from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.cohere_chat.finish import STATUS_OF_FAILURE
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "cohere"


class _Body(msgspec.Struct):
    message: str | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status."""
    try:
        message = msgspec.json.decode(body, type=_Body).message or ""
    except UNREADABLE:
        message = ""
    return rejected(NAME, status, message, body, headers=headers, request_id="x-debug-trace-id")


def failed_answer(reason: str, message: str, code: str | None) -> UpstreamRejected:
    """An answer that failed after it had begun
    (recording cohere/langchain-cohere-sql_agent-1-1c1f5d: INVALID_TOOL_GENERATION)."""
    message = message or f"The model's answer failed: {reason}."
    return rejected(NAME, STATUS_OF_FAILURE[reason], message, b"", code=code or reason)
