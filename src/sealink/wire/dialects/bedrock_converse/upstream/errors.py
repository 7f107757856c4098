"""Bedrock's errors → SeaLink's: a named exception, as a response with an error status or as a message of a stream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
"""

from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamRejected
from sealink.wire.dialects.shared.upstream_errors import rejected
from sealink.wire.raw_json.fields import UNREADABLE

NAME: Final = "bedrock"

_MODEL_FAILED: Final = 424
"""The model's own server failed, not the request: the client gets that server's status, or 502."""

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


class _Body(msgspec.Struct, rename="camel"):
    """Some of AWS's services write `Message` with a capital; `original…` comes from the model's server."""

    message: str | None = None
    capital_message: str | None = msgspec.field(default=None, name="Message")
    original_message: str | None = None
    original_status_code: int | None = None


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """A response with an error status. The exception's name is in a header, followed by a namespace."""
    named = {name.lower(): value for name, value in headers}
    exception = named.get("x-amzn-errortype", "").partition(":")[0]
    return _rejected(exception, status, body, headers)


def read_exception(exception: str, body: bytes) -> UpstreamRejected:
    """An exception inside a stream: its name stands for the status."""
    return _rejected(exception, _STATUSES.get(exception.lower()), body)


def unusable_output(reason: str) -> UpstreamRejected:
    """The error of an answer whose stop reason says that it failed."""
    return rejected(NAME, 502, f"The model's output could not be used: {reason}.", b"", code=reason)


def _rejected(exception: str, status: int | None, body: bytes, headers: HeaderList = ()) -> UpstreamRejected:
    error = _read(body)
    message = error.message or error.capital_message or ""
    if error.original_message and error.original_message not in message:
        message = f"{message} {error.original_message}".strip()
    if status == _MODEL_FAILED:
        status = error.original_status_code or 502
    status = status if status is None or 400 <= status < 600 else 502
    return rejected(NAME, status, message, body, code=exception or None, headers=headers, request_id="x-amzn-requestid")


def _read(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(body, type=_Body)
    except UNREADABLE:
        return _Body()
