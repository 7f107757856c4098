"""Errors of OpenAI-compatible upstreams, in whatever shape a vendor sends them.

Besides OpenAI's own shape, those that have been recorded: `error` as a string, `detail` (Mistral, FastAPI), a bare
`message` (vLLM), an array (Gemini), plain text, a proxy's page.
"""

import re
from typing import Final

from msgspec import Raw

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.openai_errors import NAME
from sealink.wire.dialects.shared.upstream_errors import MAX_MESSAGE_CHARS, TYPE_OF_STATUS, rejected
from sealink.wire.raw_json.fields import Fields, array_of, encode, integer_of, is_null, object_of, parse_object, text_of

_STATUS_OF_TYPE: Final = {type: status for status, type in reversed(TYPE_OF_STATUS.items())} | {
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


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status: the vendor's own words, and its headers that say when to retry."""
    found = _find(body)
    return _rejected(found or {}, _words(found or {}, 0), status if status >= 400 else 502, headers, body)


def error_in(fields: Fields, event: bytes) -> Fields | None:
    """The fields that tell of an error, if a frame does.

    OpenAI's `error`; vLLM's `object: error`; Groq's in its own corner; MiniMax's status; bare words without an answer.
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
    """An error inside a stream, or in a body under a 200: its own code or type stands for the status."""
    error = object_of(fields.get("error")) or {
        name: raw for name, raw in fields.items() if name not in ("id", "object", "created", "model", "choices")
    }
    body = encode({"error": error}) if text_of(error.get("message")) else b""
    return _rejected(error, _words(error, 0), _status_in(error), (), body)


def _is_truthy(raw: Raw | None) -> bool:
    return raw is not None and bytes(raw) not in (b"null", b"false", b'""', b"{}", b"[]")


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
