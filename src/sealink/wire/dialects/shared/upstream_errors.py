"""An upstream's error as a SealinkError, whatever its dialect: the type of a status, the headers that are kept."""

from typing import Final

from sealink.errors import HeaderList, UpstreamError, UpstreamRejected
from sealink.wire import retry_after
from sealink.wire.dialects.shared import prompt_too_long

MAX_MESSAGE_CHARS: Final = 8192
"""How much of an error body in an unknown shape (a proxy's page, say) becomes the message."""

MAX_CHOICES: Final = 128
"""How many choices an answer may have: OpenAI's largest `n`. Other vendors' are smaller."""

TYPE_OF_STATUS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_balance",
    403: "permission_error",
    404: "not_found_error",
    408: "request_timeout",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
    504: "gateway_timeout",
    529: "service_unavailable",
}


def malformed(what: object) -> UpstreamError:
    """The error for an answer that is not valid in the upstream's dialect; `what` says what is wrong with it."""
    return UpstreamError(f"The upstream's answer is not valid: {what}", code="upstream_malformed")


def check_choices(count: int) -> None:
    """Another choice begins after so many. Raises UpstreamError if that is one too many."""
    if count >= MAX_CHOICES:
        raise malformed(f"it has more than {MAX_CHOICES} choices.")


def rejected(
    dialect: str,
    status: int | None,
    message: str,
    body: bytes,
    *,
    type: str = "",
    code: str | None = None,
    param: str | None = None,
    headers: HeaderList = (),
    request_id: str = "",
    limits: str = "x-ratelimit-",
    quoted: str | None = None,
) -> UpstreamRejected:
    """An upstream's own error, with its own message; the body stands in for one that has none.

    `status` is None for an error inside a stream that names no status. `type` is SeaLink's error type, if it is not
    that of the status. `request_id` is the header with the vendor's id of the request, which its support asks for;
    `limits` the prefix of its rate limit headers; `quoted` the error of another server that this one passes on.
    A prompt that is too long gets OpenAI's code, whatever the vendor's is.
    """
    if prompt_too_long.is_prompt_too_long(status, message or page_text(body), code, type, quoted):
        status, code = status or 400, prompt_too_long.CODE
    status = status or 502
    return UpstreamRejected(
        message or page_text(body) or f"The upstream answered {status} with an empty body.",
        status=status,
        type=type or type_of_status(status),
        code=code,
        param=param,
        headers=_kept(headers, request_id, limits),
        body=body,
        dialect=dialect,
    )


def type_of_status(status: int) -> str:
    """SeaLink's error type for an upstream's status, where the vendor names none."""
    return TYPE_OF_STATUS.get(status, "upstream_error" if status >= 500 else "invalid_request_error")


def page_text(body: bytes) -> str:
    """An error body in an unknown shape, as a message."""
    return body.decode(errors="replace").strip()[:MAX_MESSAGE_CHARS]


def _kept(headers: HeaderList, request_id: str, limits: str) -> HeaderList:
    """The headers that say when to retry and what is left of the limits, and the vendor's id of the request."""
    lowered = [(name.lower(), value) for name, value in headers]
    left = [(name, value) for name, value in lowered if name.startswith(limits)]
    return (
        retry_after.said(headers)
        + left
        + [("x-sealink-upstream-request-id", value) for name, value in lowered if name == request_id]
    )
