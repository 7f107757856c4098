"""Every error that a client can get, as one tree.

    SealinkError
    ├── InvalidRequest       400  invalid_request_error
    │   ├── UnsupportedEncoding  415
    │   ├── ExpectationFailed  417
    │   └── Conflict         409
    ├── AuthenticationError  401  authentication_error
    ├── InsufficientBalance  402  insufficient_balance
    ├── PermissionDenied     403  permission_error
    ├── NotFound             404  not_found_error
    ├── MethodNotAllowed     405  invalid_request_error
    ├── RequestTimeout       408  request_timeout
    ├── RequestTooLarge      413  request_too_large
    │   └── HeadersTooLarge
    ├── RateLimited          429  rate_limit_exceeded
    ├── InternalError        500  internal_error
    ├── UpstreamError        502  upstream_error
    │   └── UpstreamRejected       the upstream answered with an error: its status, its message
    ├── ServiceUnavailable   503  service_unavailable
    │   └── ShuttingDown
    ├── GatewayTimeout       504  gateway_timeout
    └── VersionNotSupported  505  invalid_request_error

A client dialect turns one of these into a body (before the first byte) or into a frame (after it).
"""

from collections.abc import Sequence

HeaderList = Sequence[tuple[str, str]]


class SealinkError(Exception):
    """An error with the message, the status and the code that the client gets.

    `param` names the request field at fault, in the client's own spelling. `headers` go out with a
    true HTTP status (`retry-after` and its kin); a frame after the first byte cannot carry them.
    """

    status: int = 500
    type: str = "internal_error"
    code: str | None = None

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, headers: HeaderList = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.param = param
        self.headers = headers


class InvalidRequest(SealinkError):
    status = 400
    type = "invalid_request_error"


class UnsupportedEncoding(InvalidRequest):
    """The request's body is compressed in a way that is not understood."""

    status = 415
    code: str | None = "unsupported_encoding"


class ExpectationFailed(InvalidRequest):
    """The request's `expect` header asks for something other than 100-continue."""

    status = 417
    code: str | None = "expectation_failed"


class Conflict(InvalidRequest):
    """What is asked for does not go with what is there: a name that is taken, a key that cannot be changed."""

    status = 409
    code: str | None = "conflict"


class VersionNotSupported(SealinkError):
    """The request is in another version of HTTP than 1.1 or 1.0."""

    status = 505
    type = "invalid_request_error"
    code: str | None = "http_version_not_supported"


class AuthenticationError(SealinkError):
    status = 401
    type = "authentication_error"
    code: str | None = "invalid_api_key"


class InsufficientBalance(SealinkError):
    status = 402
    type = "insufficient_balance"
    code: str | None = "budget_exceeded"


class PermissionDenied(SealinkError):
    status = 403
    type = "permission_error"
    code: str | None = "model_not_allowed"


class NotFound(SealinkError):
    status = 404
    type = "not_found_error"


class MethodNotAllowed(SealinkError):
    status = 405
    type = "invalid_request_error"
    code: str | None = "method_not_allowed"


class RequestTimeout(SealinkError):
    status = 408
    type = "request_timeout"
    code: str | None = "request_timeout"


class RequestTooLarge(SealinkError):
    status = 413
    type = "request_too_large"
    code: str | None = "body_too_large"


class HeadersTooLarge(RequestTooLarge):
    code: str | None = "headers_too_large"


class RateLimited(SealinkError):
    status = 429
    type = "rate_limit_exceeded"


class InternalError(SealinkError):
    code: str | None = "internal_error"


class UpstreamError(SealinkError):
    """The upstream could not be reached, or broke off: `upstream_refused`, `upstream_truncated`, …"""

    status = 502
    type = "upstream_error"
    code: str | None = "upstream_error"


class UpstreamRejected(UpstreamError):
    """The upstream answered with an error: its status and message are kept, with its retry headers.

    `body` is what the upstream sent and `dialect` the wire format it is in, so that a client of the
    same dialect gets the same bytes (Claude Code recognizes some errors by their message).
    `meant_status` is the status that the upstream should have answered with; whether to retry depends on it.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        type: str,
        code: str | None = None,
        param: str | None = None,
        headers: HeaderList = (),
        body: bytes = b"",
        dialect: str = "",
    ) -> None:
        super().__init__(message, code=code, param=param, headers=headers)
        self.status = self.meant_status = status
        self.type = type
        self.code = code
        self.body = body
        self.dialect = dialect


class ServiceUnavailable(SealinkError):
    status = 503
    type = "service_unavailable"
    code: str | None = "overloaded"


class ShuttingDown(ServiceUnavailable):
    """The process stops, and takes or finishes no more requests."""

    code: str | None = "draining"

    def __init__(self) -> None:
        super().__init__("SeaLink is shutting down.")


class GatewayTimeout(SealinkError):
    status = 504
    type = "gateway_timeout"
