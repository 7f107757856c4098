"""OpenAI's errors: bodies as in shared/openai_errors.py, and those that stand in a stream.

    data: {"error": {"message": "…", "type": "server_error", "param": null, "code": "upstream_failed"}}

https://platform.openai.com/docs/guides/error-codes
"""

import re
from typing import Final

from sealink.errors import SealinkError, UpstreamRejected
from sealink.wire.dialects.shared.openai_errors import (
    NAME,
    error_body,
    error_fields,
    read_error,
    read_error_object,
    upstream_body,
)
from sealink.wire.dialects.shared.upstream_errors import TYPE_OF_STATUS
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import Fields, encode, integer_of, object_of, text_of

__all__ = ["NAME", "error_body", "error_frame", "read_error", "read_error_event"]

_STATUS_OF_TYPE: Final = {type: status for status, type in reversed(TYPE_OF_STATUS.items())} | {
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "requests": 429,
    "tokens": 429,
    "overloaded_error": 503,
}

_STATUS = re.compile("[45][0-9][0-9]")


def error_frame(error: SealinkError) -> bytes:
    """The frame that ends a stream which has already begun: the four fields, and the upstream's other ones."""
    own = upstream_body(error) or {}
    inner = object_of(own.get("error")) or own
    return data_frame(encode({"error": error_fields(error) | inner}))


def read_error_event(fields: Fields) -> UpstreamRejected:
    """An error inside a stream, or in a body under a 200: its own code or type stands for the status."""
    error = object_of(fields.get("error")) or {
        name: raw for name, raw in fields.items() if name not in ("id", "object", "created", "model", "choices")
    }
    body = encode({"error": error}) if text_of(error.get("message")) else b""
    return read_error_object(error, _status_in(error), (), body)


def _status_in(error: Fields) -> int:
    for name in ("status_code", "status", "code"):
        number = integer_of(error.get(name))
        text = text_of(error.get(name))
        if number is None and text is not None and _STATUS.fullmatch(text):
            number = int(text)
        if number is not None and 400 <= number <= 599:
            return number
    return _STATUS_OF_TYPE.get(text_of(error.get("type")) or "", 502)
