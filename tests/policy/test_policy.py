"""The pure decisions: who may come in, where a model leads, what is worth another try."""

import pytest

from sealink.errors import (
    AuthenticationError,
    GatewayTimeout,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    UpstreamError,
    UpstreamRejected,
)
from sealink.policy.auth import ApiKey, Keyring, digest_of, require_model
from sealink.policy.retry import may_try_elsewhere
from sealink.policy.routing import Route, Router, Target
from sealink.providers.profile import Provider

PROVIDER = Provider(name="p", dialect=None, base_url="http://x")  # type: ignore[arg-type]
KEY = ApiKey(name="dev", digest=digest_of("sk-1"), models=("claude-*", "gpt-4o"))


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer sk-1"}, {"authorization": "bearer  sk-1"}, {"x-api-key": "sk-1"}]
)
def test_a_known_key_comes_in(headers: dict[str, str]) -> None:
    assert Keyring([KEY]).authenticate(headers) is KEY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer sk-2"},
        {"authorization": "Basic sk-1"},
        {"authorization": "sk-1"},
        {"x-api-key": ""},
    ],
)
def test_any_other_does_not(headers: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError) as refused:
        Keyring([KEY]).authenticate(headers)
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


def test_a_keyring_holds_no_secret() -> None:
    assert "sk-1" not in repr(vars(Keyring([KEY])))


def test_a_keys_models() -> None:
    require_model(KEY, "claude-sonnet-4-6")
    require_model(KEY, "gpt-4o")
    with pytest.raises(PermissionDenied) as refused:
        require_model(KEY, "gpt-4o-mini")
    assert refused.value.param == "model"
    require_model(ApiKey(name="all", digest=b""), "anything")


def test_routes() -> None:
    router = Router(
        [
            Route("a", (Target(PROVIDER, "x"), Target(PROVIDER, "y"))),
            Route("claude-*", (Target(PROVIDER, ""),)),
            Route("vendor/*", (Target(PROVIDER, ""),)),
        ]
    )
    assert [target.model for target in router.route_of("a").targets] == ["x", "y"]
    assert router.route_of("claude-9").targets[0].model == "claude-9"
    assert router.route_of("vendor/org/m").targets[0].model == "org/m"
    assert [route.model for route in router.listed] == ["a"]
    with pytest.raises(NotFound) as unknown:
        router.route_of("b")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")


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
