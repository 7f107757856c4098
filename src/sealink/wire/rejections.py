"""What an upstream's errors have in common, whatever its dialect: a status is a type, some headers are kept."""

from typing import Final

import msgspec

from sealink.errors import HeaderList, UpstreamError, UpstreamRejected

MAX_MESSAGE_CHARS: Final = 8192
"""Of an error body in no known shape (a proxy's page, say), this much is kept as the message."""

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no JSON, not UTF-8, or nested without end."""

_TYPES: Final = {
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
    code: str | None = None,
    headers: HeaderList = (),
    request_id: str = "",
) -> UpstreamRejected:
    """An upstream's own error, in its own words; a body without any is its own message.

    `request_id` is the header in which the vendor tells the id that its support knows the request by.
    """
    words = message or body.decode(errors="replace").strip()[:MAX_MESSAGE_CHARS]
    return UpstreamRejected(
        words or f"The upstream answered {status} without a word.",
        status=status,
        type=_TYPES.get(status, "upstream_error" if status >= 500 else "invalid_request_error"),
        code=code,
        headers=kept(headers, request_id),
        body=body,
        dialect=dialect,
    )


def kept(headers: HeaderList, request_id: str) -> HeaderList:
    """When to retry, what is left of the limits, and the vendor's id of the request."""
    named = [(name.lower(), value) for name, value in headers]
    limits = [(name, value) for name, value in named if name in _KEPT_HEADERS or name.startswith("x-ratelimit-")]
    return limits + [("x-sealink-upstream-request-id", value) for name, value in named if name == request_id]
