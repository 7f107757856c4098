"""Google's errors, read. https://cloud.google.com/apis/design/errors

    {"error": {"code": 429, "message": "…", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "…", …}]}}

A stream in the array form wraps it in an array.
"""

import re
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList, UpstreamError, UpstreamRejected

NAME: Final = "gemini"

MAX_MESSAGE_CHARS: Final = 8192
"""Of an error body that is not JSON (a proxy's page, say), this much is kept as the message."""

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no JSON, not UTF-8, or nested without end."""

_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
    504: "gateway_timeout",
}
_KEPT_HEADERS: Final = ("retry-after", "retry-after-ms")
_TOO_LONG = re.compile(r"input token count.*exceeds the maximum number of tokens", re.IGNORECASE | re.DOTALL)
_SECONDS = re.compile(r"(\d{1,9})(?:\.\d+)?s")


class _Detail(msgspec.Struct, rename="camel"):
    """Of google.rpc.RetryInfo: when to come again, `27s`."""

    retry_delay: str | None = None


class _Error(msgspec.Struct):
    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: list[Raw] | None = None


class _Body(msgspec.Struct):
    error: _Error | None = None


_BODY = msgspec.json.Decoder(_Body | list[_Body])
_DETAIL = msgspec.json.Decoder(_Detail)


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status: the upstream's own words, and when it says to come again."""
    return _rejected(_read(body), status, headers, body)


def read_error_in_answer(body: bytes) -> UpstreamRejected:
    """An error inside a stream, or under a 200: its own code stands for the status."""
    error = _read(body)
    status = error.code if error.code is not None and 400 <= error.code <= 599 else None
    return _rejected(error, status or _STATUSES.get(error.status or "", 502), (), body)


def malformed(what: str) -> UpstreamError:
    """The upstream sent something that makes no sense."""
    return UpstreamError(f"The upstream's answer makes no sense: {what}", code="upstream_malformed")


def _read(body: bytes) -> _Error:
    """A body in no known shape is its own message."""
    try:
        read = _BODY.decode(body)
    except UNREADABLE:
        read = _Body()
    first = (read[0] if read else _Body()) if isinstance(read, list) else read
    return first.error or _Error(message=body.decode(errors="replace").strip()[:MAX_MESSAGE_CHARS])


def _rejected(error: _Error, status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    message = error.message or f"The upstream answered {error.status or status} without words."
    return UpstreamRejected(
        message,
        status=status,
        type=_TYPES.get(status, "upstream_error" if status >= 500 else "invalid_request_error"),
        code="context_length_exceeded" if _TOO_LONG.search(message) else error.status,
        headers=_retry_headers(headers, error.details or []),
        body=body,
        dialect=NAME,
    )


def _retry_headers(headers: HeaderList, details: list[Raw]) -> HeaderList:
    """Google says when to come again in the body; HTTP says it in a header, which goes first."""
    kept = [(name.lower(), value) for name, value in headers if name.lower() in _KEPT_HEADERS]
    if kept:
        return kept
    delays = [seconds for detail in details if (seconds := _retry_delay(detail))]
    return [("retry-after", delays[0])] if delays else []


def _retry_delay(detail: Raw) -> str | None:
    try:
        said = _DETAIL.decode(detail).retry_delay
    except UNREADABLE:
        return None
    found = _SECONDS.fullmatch(said or "")
    return found[1] if found else None
