"""Which errors tell a client's SDK whether to send the request again."""

import pytest

from sealink.errors import (
    AuthenticationError,
    GatewayTimeout,
    HeaderList,
    InsufficientBalance,
    InternalError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    SealinkError,
    ServiceUnavailable,
    ShuttingDown,
    UpstreamError,
    UpstreamRejected,
)
from sealink.policy.client_retry import retry_headers

NO = (("x-should-retry", "false"),)
YES = (("x-should-retry", "true"),)
NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        *((kind("No."), NO) for kind in (InvalidRequest, AuthenticationError, InsufficientBalance, PermissionDenied)),
        *((kind("No."), NO) for kind in (NotFound, RequestTooLarge)),
        *((kind("Later."), (*YES, ("retry-after", "1"))) for kind in (RateLimited, ServiceUnavailable)),
        (ShuttingDown(), (*YES, ("retry-after", "1"))),
        (RateLimited("Later.", headers=[("retry-after", "7")]), YES),
        (RateLimited("Later.", headers=[("retry-after", "120")]), YES),
        (RateLimited("Later.", headers=[("retry-after", "121")]), NO),
        (RateLimited("Later.", headers=[("Retry-After-Ms", "7")]), YES),
        (ServiceUnavailable("Later.", headers=[("x-should-retry", "false")]), ()),
        *((kind("Hm."), ()) for kind in (UpstreamError, InternalError, GatewayTimeout)),
    ],
)
def test_a_client_is_told_whether_to_try_again(error: SealinkError, told: HeaderList) -> None:
    assert retry_headers(error, NOW) == told


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (400, (), ()),
        (404, (), ()),
        (429, (), ()),
        (429, (("retry-after", "3600"),), NO),
        (503, (("retry-after", "3"),), YES),
        (429, (("retry-after", "3600"), ("x-should-retry", "true")), ()),
    ],
)
def test_an_upstreams_own_word_stands(status: int, headers: HeaderList, told: HeaderList) -> None:
    assert retry_headers(UpstreamRejected("No.", status=status, type="x", headers=headers), NOW) == told
