"""Error bodies of OpenAI's APIs, written; and read, in whatever shape an OpenAI-compatible vendor puts them.

    {"error": {"message": "…", "type": "invalid_request_error", "param": "stop", "code": "unsupported_parameter"}}

https://platform.openai.com/docs/guides/error-codes. The other shapes are those of the recordings: `error`
a string, `detail` (Mistral, FastAPI), a bare `message` (vLLM), an array of them (Gemini), text, a proxy's page.
"""

from typing import Final

from msgspec import Raw

from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.wire.dialects.shared import prompt_too_long
from sealink.wire.dialects.shared.upstream_errors import MAX_MESSAGE_CHARS, rejected
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    encode,
    integer_of,
    object_of,
    parse_object,
    text_of,
    to_raw,
)

NAME: Final = "openai"
"""The dialect whose upstreams send such bodies; those of Responses upstreams are alike."""

_MESSAGE_FIELDS: Final = (
    *("message", "msg", "detail", "error", "errors"),
    *("error_msg", "status_msg", "error_description", "title", "reason"),
)
_MAX_DEPTH: Final = 3
"""A message is looked for in objects inside objects, so deep."""


def error_body(error: SealinkError) -> bytes:
    """Any error in OpenAI's envelope; one that an upstream already put there whole goes out byte for byte."""
    own = upstream_body(error)
    if own is None or not isinstance(error, UpstreamRejected):
        return encode({"error": error_fields(error)})
    around, inner = (own, object_of(own["error"]) or {}) if "error" in own else ({}, own)  # Mistral's has no envelope
    told = {**error_fields(error), **inner, **own_code(error)}
    return error.body if around and told == inner else encode({**around, "error": {**inner, **told}})


def error_fields(error: SealinkError) -> Fields:
    """The four fields of OpenAI's `error`."""
    described = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {name: to_raw(value) for name, value in described.items()}


def own_code(error: SealinkError) -> Fields:
    """The code that stands even over the upstream's own: agents shorten the conversation when they read it."""
    return {"code": to_raw(error.code)} if error.code == prompt_too_long.CODE else {}


def upstream_body(error: SealinkError) -> Fields | None:
    """The body that an upstream sent, if it has this shape: an `error` object with a message, or just that object."""
    if not isinstance(error, UpstreamRejected) or error.dialect != NAME or not error.body:
        return None
    try:
        fields = parse_object(error.body)
    except (ValueError, RecursionError):
        return None
    described = object_of(fields.get("error")) if "error" in fields else fields
    return fields if text_of((described or {}).get("message")) else None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status: the vendor's own message, and its headers that say when to retry."""
    return read_error_object(_error_object(body), status if status >= 400 else 502, headers, body)


def read_error_object(error: Fields, status: int | None, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """The object that describes an error, {} where there is none. `body` is kept as the upstream's own."""
    number = integer_of(error.get("code"))
    return rejected(
        NAME,
        status,
        _message(error, 0),
        body,
        type=text_of(error.get("type")) or "",
        code=text_of(error.get("code")) or (None if number is None else str(number)),
        param=text_of(error.get("param")),
        headers=headers,
        request_id="x-request-id",
        quoted=_quoted(error),
    )


def _quoted(error: Fields) -> str | None:
    """The error of the server behind OpenRouter, whose own message is "Provider returned error"."""
    return text_of((object_of(error.get("metadata")) or {}).get("raw"))


def _error_object(body: bytes) -> Fields:
    """The object that describes the error: the body itself, its `error`, or the first of an array."""
    try:
        data = body.strip()
        if data.startswith(b"["):
            data = bytes(next(iter(array_of(Raw(data)) or ()), b""))
        fields = parse_object(data)
    except (ValueError, RecursionError):
        return {}
    return object_of(fields.get("error")) or fields


def _message(error: Fields, depth: int) -> str:
    """The message, wherever the vendor put it; the whole object as JSON where there is no text."""
    for name in _MESSAGE_FIELDS:
        raw = error.get(name)
        if raw is None or raw in (NULL, Raw(b'""')):
            continue
        inner = object_of(raw)
        if inner is not None and depth < _MAX_DEPTH and (message := _message(inner, depth + 1)):
            return message
        return text_of(raw) or bytes(raw).decode()
    return encode(error).decode()[:MAX_MESSAGE_CHARS] if error and depth == 0 else ""
