"""Errors of OpenAI-compatible upstreams: bodies as in shared/openai_errors.py, and errors inside a stream."""

import re
from typing import Final

from msgspec import Raw

from sealink.errors import UpstreamRejected
from sealink.wire.dialects.shared.openai_errors import read_error, read_error_object
from sealink.wire.dialects.shared.upstream_errors import TYPE_OF_STATUS
from sealink.wire.raw_json.fields import Fields, encode, integer_of, is_null, object_of, text_of

__all__ = ["error_in", "read_error", "read_error_event"]

_STATUS_OF_TYPE: Final = {type: status for status, type in reversed(TYPE_OF_STATUS.items())} | {
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "requests": 429,
    "tokens": 429,
    "overloaded_error": 503,
}

_STATUS = re.compile("[45][0-9][0-9]")


def error_in(fields: Fields, event: bytes) -> Fields | None:
    """The fields that describe an error, if a frame has one.

    OpenAI's `error`; vLLM's `object: error`; Groq's `x_groq.error`; MiniMax's status; a message without an answer.
    """
    if event == b"error" or _is_truthy(fields.get("error")):
        return fields
    if "error" in (text_of(fields.get("object")), text_of(fields.get("type"))):
        return fields
    for corner in (object_of(fields.get("x_groq")) or {}, object_of(fields.get("base_resp")) or {}):
        if text_of(corner.get("error")) or integer_of(corner.get("status_code")):
            return corner
    if is_null(fields.get("choices")) and any(text_of(fields.get(name)) for name in ("message", "detail", "error_msg")):
        return fields
    return None


def read_error_event(fields: Fields) -> UpstreamRejected:
    """An error inside a stream, or in a body under a 200: its status is taken from its own code or type."""
    error = object_of(fields.get("error")) or {
        name: raw for name, raw in fields.items() if name not in ("id", "object", "created", "model", "choices")
    }
    body = encode({"error": error}) if text_of(error.get("message")) else b""
    return read_error_object(error, _status_in(error), (), body)


def _is_truthy(raw: Raw | None) -> bool:
    return raw is not None and bytes(raw) not in (b"null", b"false", b'""', b"{}", b"[]")


def _status_in(error: Fields) -> int | None:
    for name in ("status_code", "status", "code"):
        number = integer_of(error.get(name))
        text = text_of(error.get(name))
        if number is None and text is not None and _STATUS.fullmatch(text):
            number = int(text)
        if number is not None and 400 <= number <= 599:
            return number
    return _STATUS_OF_TYPE.get(text_of(error.get("type")) or "")
