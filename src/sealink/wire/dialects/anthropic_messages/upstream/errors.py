"""Errors of an Anthropic upstream, before a stream or inside one. https://platform.claude.com/docs/en/api/errors

{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_…"}
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.anthropic_messages.error_types import NAME, TYPES
from sealink.wire.dialects.shared.upstream_errors import page_text, rejected
from sealink.wire.raw_json.fields import UNREADABLE

_TYPES_BY_STATUS: Final = {status: type for type, status in TYPES.values()} | {503: "service_unavailable"}


class _Body(msgspec.Struct):
    """Anthropic's envelope, and the fields in which gateways in front of it put their messages."""

    error: Raw = Raw()
    message: str | None = None
    detail: str | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    message: str | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """A response with an error status: the upstream's own message, and its headers that say when to retry."""
    type, message = _read(body)
    return _rejected(type, message or f"The upstream answered {status} without a body.", status, headers, body)


def read_error_event(data: bytes) -> UpstreamRejected:
    """An `error` event inside a stream, or an error body under a 200: its type stands for the status."""
    type, message = _read(data)
    _, status = TYPES.get(type, ("", None))
    return _rejected(type, message or "The upstream reported an error without a message.", status, (), data)


def _read(body: bytes) -> tuple[str, str]:
    """Type and message, "" where there is none. A body of any other shape is its own message."""
    try:
        outer = msgspec.json.decode(body, type=_Body)
        inner = msgspec.json.decode(outer.error or b"{}", type=_Error | str | None)
    except UNREADABLE:
        return "", page_text(body)
    if isinstance(inner, str):
        return "", inner
    error = inner or _Error()
    return error.type or "", error.message or outer.message or outer.detail or page_text(body)


def _rejected(wire_type: str, message: str, status: int | None, headers: HeaderList, body: bytes) -> UpstreamRejected:
    fallback = "invalid_request_error" if status is not None and status < 500 else ""
    type, _ = TYPES.get(wire_type, (_TYPES_BY_STATUS.get(status or 0, fallback), 0))
    return rejected(
        NAME,
        status,
        message,
        body,
        type=type,
        code=wire_type or None,
        headers=headers,
        request_id="request-id",
        limits="anthropic-ratelimit-",
    )
