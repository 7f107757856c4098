"""What an upstream's errors have in common, whatever its dialect: a status is a type, some headers are kept."""

from typing import Final

from sealink.errors import HeaderList, UpstreamError, UpstreamRejected

MAX_MESSAGE_CHARS: Final = 8192
"""Of an error body in no known shape (a proxy's page, say), this much is kept as the message."""

TYPES: Final = {
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
_KEPT_HEADERS: Final = ("retry-after", "retry-after-ms", "x-should-retry")


def malformed(what: object) -> UpstreamError:
    """The upstream sent something that makes no sense."""
    return UpstreamError(f"The upstream's answer makes no sense: {what}", code="upstream_malformed")


def rejected(
    dialect: str,
    status: int,
    message: str,
    body: bytes,
    *,
    type: str = "",
    code: str | None = None,
    param: str | None = None,
    headers: HeaderList = (),
    request_id: str = "",
    limits: str = "x-ratelimit-",
) -> UpstreamRejected:
    """An upstream's own error, in its own words; a body without any is its own message.

    `type` is SeaLink's, if it is not the status's. `request_id` is the header in which the vendor tells the id that
    its support knows the request by, `limits` how those begin in which it tells its limits.
    """
    return UpstreamRejected(
        message or page_words(body) or f"The upstream answered {status} without a word.",
        status=status,
        type=type or type_of_status(status),
        code=code,
        param=param,
        headers=_kept(headers, request_id, limits),
        body=body,
        dialect=dialect,
    )


def type_of_status(status: int) -> str:
    """SeaLink's type for an upstream's status where the vendor names none."""
    return TYPES.get(status, "upstream_error" if status >= 500 else "invalid_request_error")


def page_words(body: bytes) -> str:
    """A body in no known shape, as a message."""
    return body.decode(errors="replace").strip()[:MAX_MESSAGE_CHARS]


def _kept(headers: HeaderList, request_id: str, limits: str) -> HeaderList:
    """When to retry, what is left of the limits, and the vendor's id of the request."""
    named = [(name.lower(), value) for name, value in headers]
    told = [(name, value) for name, value in named if name in _KEPT_HEADERS or name.startswith(limits)]
    return told + [("x-sealink-upstream-request-id", value) for name, value in named if name == request_id]
