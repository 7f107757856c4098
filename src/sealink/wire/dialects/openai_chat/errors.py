"""OpenAI's errors, written; and read, in whatever shape an OpenAI-compatible vendor puts them.

    {"error": {"message": "…", "type": "invalid_request_error", "param": "stop", "code": "unsupported_parameter"}}

https://platform.openai.com/docs/guides/error-codes. The other shapes are those of the recordings: `error`
a string, `detail` (Mistral, FastAPI), a bare `message` (vLLM), an array of them (Gemini), text, a proxy's page.
"""

import re
from typing import Final

from msgspec import Raw

from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import MAX_MESSAGE_CHARS, TYPES, rejected
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import (
    Fields,
    array_of,
    encode,
    integer_of,
    object_of,
    parse_object,
    text_of,
    to_raw,
    without,
)

NAME: Final = "openai"

_STATUS_OF_TYPE: Final = {type: status for status, type in reversed(TYPES.items())} | {
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "requests": 429,
    "tokens": 429,
    "overloaded_error": 503,
}

_STATUS = re.compile("[45][0-9][0-9]")

_WORDS: Final = (
    *("message", "msg", "detail", "error", "errors"),
    *("error_msg", "status_msg", "error_description", "title", "reason"),
)


def error_body(error: SealinkError) -> bytes:
    """Any error in OpenAI's envelope; one that an upstream already put there whole goes out byte for byte."""
    own = _own_body(error)
    if own is None or not isinstance(error, UpstreamRejected):
        return encode({"error": _described(error)})
    around, said = (own, object_of(own["error"]) or {}) if "error" in own else ({}, own)  # Mistral's stand bare
    missing = without(_described(error), *said)
    return encode({**around, "error": {**said, **missing}}) if missing or not around else error.body


def error_frame(error: SealinkError) -> bytes:
    """The frame that ends a stream which has already begun: the four fields, and what else the upstream said."""
    own = _own_body(error) or {}
    said = object_of(own.get("error")) or own
    return data_frame(encode({"error": _described(error) | said}))


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status: the vendor's own words, and its headers that say when to retry."""
    found = _find(body)
    return _rejected(found or {}, _words(found or {}, 0), status if status >= 400 else 502, headers, body)


def read_error_event(fields: Fields) -> UpstreamRejected:
    """An error inside a stream, or in a body under a 200: its own code or type stands for the status."""
    error = object_of(fields.get("error")) or {
        name: raw for name, raw in fields.items() if name not in ("id", "object", "created", "model", "choices")
    }
    body = encode({"error": error}) if text_of(error.get("message")) else b""
    return _rejected(error, _words(error, 0), _status_in(error), (), body)


def _described(error: SealinkError) -> Fields:
    described = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {name: to_raw(value) for name, value in described.items()}


def _own_body(error: SealinkError) -> Fields | None:
    """What an upstream of this dialect said, if it has an `error` object with a message, or is one."""
    if not isinstance(error, UpstreamRejected) or error.dialect != NAME or not error.body:
        return None
    try:
        fields = parse_object(error.body)
    except (ValueError, RecursionError):
        return None
    described = object_of(fields.get("error")) if "error" in fields else fields
    return fields if text_of((described or {}).get("message")) else None


def _find(body: bytes) -> Fields | None:
    """The object that describes the error: the body itself, its `error`, or the first of an array."""
    try:
        data = body.strip()
        if data.startswith(b"["):
            data = bytes(next(iter(array_of(Raw(data)) or ()), b""))
        fields = parse_object(data)
    except (ValueError, RecursionError):
        return None
    return (object_of(fields.get("error")) or fields) if fields else None


def _rejected(error: Fields, message: str, status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    number = integer_of(error.get("code"))
    return rejected(
        NAME,
        status,
        message,
        body,
        type=text_of(error.get("type")) or "",
        code=text_of(error.get("code")) or (None if number is None else str(number)),
        param=text_of(error.get("param")),
        headers=headers,
        request_id="x-request-id",
    )


def _status_in(error: Fields) -> int:
    for name in ("status_code", "status", "code"):
        number = integer_of(error.get(name))
        text = text_of(error.get(name))
        if number is None and text is not None and _STATUS.fullmatch(text):
            number = int(text)
        if number is not None and 400 <= number <= 599:
            return number
    return _STATUS_OF_TYPE.get(text_of(error.get("type")) or "", 502)


def _words(error: Fields, depth: int) -> str:
    """The message, wherever the vendor put it; all of it where it is not text."""
    for name in _WORDS:
        raw = error.get(name)
        if raw is None or raw in (Raw(b"null"), Raw(b'""')):
            continue
        inner = object_of(raw)
        if inner is not None and depth < 3 and (words := _words(inner, depth + 1)):
            return words
        return text_of(raw) or bytes(raw).decode()
    return encode(error).decode()[:MAX_MESSAGE_CHARS] if error and depth == 0 else ""
