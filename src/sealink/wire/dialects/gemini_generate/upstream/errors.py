"""Google's errors. https://cloud.google.com/apis/design/errors

    {"error": {"code": 429, "message": "…", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "…", …}]}}

A stream in the array form wraps it in an array.
"""

import re
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "gemini"

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
_SECONDS = re.compile(r"(\d{1,9})(?:\.\d+)?s")


class _Detail(msgspec.Struct, rename="camel"):
    """The field of google.rpc.RetryInfo that says when to retry: `27s`."""

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
    """An answer with an error status: the upstream's own message, and when to retry."""
    return _rejected(_read(body), status, headers, body)


def read_error_in_answer(body: bytes) -> UpstreamRejected:
    """An error inside a stream, or under a 200: its own code stands for the status."""
    error = _read(body)
    status = error.code if error.code is not None and 400 <= error.code <= 599 else None
    return _rejected(error, status or _STATUSES.get(error.status or ""), (), body)


def _read(body: bytes) -> _Error:
    """An empty error for a body of unknown shape: the body itself becomes the message then."""
    try:
        read = _BODY.decode(body)
    except UNREADABLE:
        return _Error()
    first = (read[0] if read else _Body()) if isinstance(read, list) else read
    return first.error or _Error()


def _rejected(error: _Error, status: int | None, headers: HeaderList, body: bytes) -> UpstreamRejected:
    message = error.message or ""
    with_delay = [*headers, *_retry_delay(error.details or [])]
    return rejected(NAME, status, message, body, code=error.status, headers=with_delay)


def _retry_delay(details: list[Raw]) -> HeaderList:
    """The body's retry delay as a header. It counts where there is no such header already."""
    delays = [seconds for detail in details if (seconds := _seconds(detail))]
    return [("retry-after", delays[0])] if delays else []


def _seconds(detail: Raw) -> str | None:
    try:
        delay = _DETAIL.decode(detail).retry_delay
    except UNREADABLE:
        return None
    found = _SECONDS.fullmatch(delay or "")
    return found[1] if found else None
