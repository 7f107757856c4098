"""Anthropic's errors, read and written. https://platform.claude.com/docs/en/api/errors

{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_…"}
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import page_text, rejected
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "anthropic"

# Anthropic's type: SeaLink's type, and the status it has where there is none, inside a stream.
_TYPES: Final = {
    "invalid_request_error": ("invalid_request_error", 400),
    "authentication_error": ("authentication_error", 401),
    "billing_error": ("insufficient_balance", 402),
    "permission_error": ("permission_error", 403),
    "not_found_error": ("not_found_error", 404),
    "request_too_large": ("request_too_large", 413),
    "rate_limit_error": ("rate_limit_exceeded", 429),
    "api_error": ("upstream_error", 500),
    "timeout_error": ("gateway_timeout", 504),
    "overloaded_error": ("service_unavailable", 529),
}
_TYPES_BY_STATUS: Final = {status: type for type, status in _TYPES.values()} | {503: "service_unavailable"}
_WIRE_TYPES: Final = {type: wire for wire, (type, _) in _TYPES.items()} | {"request_timeout": "timeout_error"}

_WIRE_TYPES_BY_STATUS: Final = {status: wire for wire, (_, status) in _TYPES.items()} | {503: "overloaded_error"}

TOO_LONG: Final = "prompt is too long"


class _Body(msgspec.Struct):
    """Anthropic's envelope, and the places where gateways before it put their words."""

    error: Raw = Raw()
    message: str | None = None
    detail: str | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    message: str | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status: the upstream's own words, and its headers that say when to retry."""
    type, message = _read(body)
    return _rejected(type, message or f"The upstream answered {status} without a body.", status, headers, body)


def read_error_event(data: bytes) -> UpstreamRejected:
    """An `error` event inside a stream, or an error body under a 200: the type stands for the status."""
    type, message = _read(data)
    _, status = _TYPES.get(type, ("", 502))
    return _rejected(type, message or "The upstream reported an error without words.", status, (), data)


def error_body(error: SealinkError, request_id: str = "") -> bytes:
    """Any error in Anthropic's envelope; an Anthropic upstream's own error is given as it came, if it is JSON."""
    if isinstance(error, UpstreamRejected) and error.dialect == NAME and _is_object(error.body):
        return error.body
    wire_type = _WIRE_TYPES.get(error.type) or _WIRE_TYPES_BY_STATUS.get(error.status, "api_error")
    envelope: dict[str, object] = {"type": "error", "error": {"type": wire_type, "message": _told(error)}}
    return msgspec.json.encode(envelope | ({"request_id": request_id} if request_id else {}))


def error_frame(error: SealinkError) -> bytes:
    """The frame that ends a stream which has already begun."""
    return event_frame(b"error", b" ".join(error_body(error).splitlines()))


def _told(error: SealinkError) -> str:
    """The upstream's words; behind Anthropic's own where those are what its clients shorten a conversation by."""
    is_too_long = error.code == "context_length_exceeded" and not error.message.startswith(TOO_LONG)
    return f"{TOO_LONG}: {error.message}" if is_too_long else error.message


def _is_object(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:
        return False
    return True


def _read(body: bytes) -> tuple[str, str]:
    """Type and message, "" where there is none. A body in no known shape is its own message."""
    try:
        outer = msgspec.json.decode(body, type=_Body)
        inner = msgspec.json.decode(outer.error or b"{}", type=_Error | str | None)
    except UNREADABLE:
        return "", page_text(body)
    if isinstance(inner, str):
        return "", inner
    error = inner or _Error()
    return error.type or "", error.message or outer.message or outer.detail or page_text(body)


def _rejected(wire_type: str, message: str, status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    fallback = "upstream_error" if status >= 500 else "invalid_request_error"
    type, _ = _TYPES.get(wire_type, (_TYPES_BY_STATUS.get(status, fallback), 0))
    return rejected(
        NAME,
        status,
        message,
        body,
        type=type,
        code=_code(wire_type, message),
        headers=headers,
        request_id="request-id",
        limits="anthropic-ratelimit-",
    )


def _code(wire_type: str, message: str) -> str | None:
    """Anthropic's own word, but for a prompt that is too long: by this code OpenAI's clients know to shorten it."""
    return "context_length_exceeded" if message.startswith(TOO_LONG) else wire_type or None
