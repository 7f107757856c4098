"""Bedrock's errors: an exception's name and its words, with an error status or as a message of a stream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
"""

import re
from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "bedrock"

_MODEL_FAILED: Final = 424
"""The model's own server failed: that is no fault of the request, and told as 502, or with that server's status."""

_STATUSES: Final = {
    "internalserverexception": 500,
    "modelerrorexception": _MODEL_FAILED,
    "modelstreamerrorexception": _MODEL_FAILED,
    "modelnotreadyexception": 429,
    "modeltimeoutexception": 408,
    "resourcenotfoundexception": 404,
    "serviceunavailableexception": 503,
    "throttlingexception": 429,
    "validationexception": 400,
    "accessdeniedexception": 403,
}
_TOO_LONG = re.compile(r"(input|prompt) is too long|too many input tokens|maximum context length", re.IGNORECASE)


class _Said(msgspec.Struct, rename="camel"):
    """Some of AWS's services write the message with a capital; `original…` is what a model's server said."""

    message: str | None = None
    capital_message: str | None = msgspec.field(default=None, name="Message")
    original_message: str | None = None
    original_status_code: int | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """An answer with an error status. The exception's name stands in a header, with a namespace behind it."""
    named = {name.lower(): value for name, value in headers}
    exception = named.get("x-amzn-errortype", "").partition(":")[0]
    return _rejected(exception, status, body, headers)


def read_exception(exception: str, body: bytes) -> UpstreamRejected:
    """An exception inside a stream: its name stands for the status."""
    return _rejected(exception, _STATUSES.get(exception.lower(), 502), body)


def _rejected(exception: str, status: int, body: bytes, headers: HeaderList = ()) -> UpstreamRejected:
    said = _read(body)
    words = said.message or said.capital_message or ""
    if said.original_message and said.original_message not in words:
        words = f"{words} {said.original_message}".strip()
    code = "context_length_exceeded" if _TOO_LONG.search(words) else exception or None
    if status == _MODEL_FAILED:
        status = said.original_status_code or 502
    status = status if 400 <= status < 600 else 502
    return rejected(NAME, status, words, body, code=code, headers=headers, request_id="x-amzn-requestid")


def _read(body: bytes) -> _Said:
    try:
        return msgspec.json.decode(body, type=_Said)
    except UNREADABLE:
        return _Said()
