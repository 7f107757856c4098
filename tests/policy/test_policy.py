"""The pure decisions: who may come in, where a model leads, what is worth another try."""

import pytest

from sealink.access.keys import ApiKey
from sealink.errors import (
    GatewayTimeout,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    UpstreamError,
    UpstreamRejected,
)
from sealink.policy.auth import require_model
from sealink.policy.retry import may_try_elsewhere
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.providers.provider import Provider

PROVIDER = Provider(name="p", dialect=None, base_url="http://x")  # type: ignore[arg-type]
KEY = ApiKey(name="dev", models=("claude-*", "gpt-4o"))


def test_a_keys_models() -> None:
    require_model(KEY, "claude-sonnet-4-6")
    require_model(KEY, "gpt-4o")
    with pytest.raises(PermissionDenied) as refused:
        require_model(KEY, "gpt-4o-mini")
    assert refused.value.param == "model"
    require_model(ApiKey(name="all"), "anything")


def test_routes() -> None:
    router = Router(
        [
            ModelRoute("a", (Target(PROVIDER, "x"), Target(PROVIDER, "y"))),
            ModelRoute("claude-*", (Target(PROVIDER, "*"),)),
            ModelRoute("vendor/*", (Target(PROVIDER, "*"),)),
        ]
    )
    assert [target.model for target in router.route_of("a").targets] == ["x", "y"]
    assert router.route_of("claude-9").targets[0].model == "claude-9"
    assert router.route_of("vendor/org/m").targets[0].model == "org/m"
    assert [route.model for route in router.listed] == ["a"]
    with pytest.raises(NotFound) as unknown:
        router.route_of("b")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")


def test_a_name_that_fits_a_pattern_has_the_same_route_each_time() -> None:
    """What is kept by route counts on it. Clients choose the names: neither many nor long ones are all kept."""
    router = Router([ModelRoute("claude-*", (Target(PROVIDER, "*"),))])
    assert router.route_of("claude-9") is router.route_of("claude-9")
    for number in range(4000):
        name = f"claude-{'x' * (number % 2 * 1000)}{number}"
        assert router.route_of(name).targets[0].model == name
    assert 0 < len(router._found) <= 1024
    assert max(map(len, router._found)) < 1000
    with pytest.raises(NotFound):
        router.route_of("gpt-9")


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (UpstreamError("refused"), True),
        (GatewayTimeout("late"), True),
        (UpstreamRejected("overloaded", status=529, type="overloaded_error"), True),
        (UpstreamRejected("slow down", status=429, type="rate_limit_exceeded"), True),
        (UpstreamRejected("bad key", status=401, type="authentication_error"), True),
        (UpstreamRejected("bad field", status=400, type="invalid_request_error"), False),
        (InvalidRequest("bad field"), False),
    ],
)
def test_what_is_worth_another_target(error: Exception, again: bool) -> None:
    assert may_try_elsewhere(error) is again  # type: ignore[arg-type]
