"""The public port's paths, methods and shapes, without a socket."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from fakes import FakePool, FakeResponder, services_with

from fake_clock import run_on_fake_clock
from sealink.access.configured import Configured, ConfiguredKey
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.endpoints import public_endpoints
from sealink.gateway.handlers.answers import Answers
from sealink.http import Dispatcher, Endpoint
from sealink.net.message import Request
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.providers.provider import Provider
from sealink.wire.dialects import openai_chat

OPENAI = Provider(name="openai", dialect=openai_chat.UPSTREAM, base_url="http://x/v1")
SIM = Provider(name="sim", dialect=openai_chat.UPSTREAM, base_url="http://y/v1", simulated=True)


def ask(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    key: str = "sk-1",
    origins: tuple[str, ...] = ("*",),
    models_without_key: bool = True,
    unready: Sequence[str] = (),
    **headers: str,
) -> FakeResponder:
    """One request to a gateway with two models and a key that may use one of them."""
    services = services_with(FakePool())
    admission = AdmissionControl(
        Keyring(Configured((ConfiguredKey(ApiKey(name="dev", models=("gpt-*",)), "sk-1", "sealink.toml:1"),))),
        Router([ModelRoute("gpt-4o", (Target(OPENAI, "gpt-4o"),)), ModelRoute("sealink/sim", (Target(SIM, "sim"),))]),
        services.observers,
    )
    endpoints = public_endpoints(
        admission, services, models_without_key=models_without_key, unready=lambda: list(unready)
    )
    public = Dispatcher(endpoints, max_body_bytes=1000, cors_origins=origins)
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    responder = FakeResponder()
    request = Request(method, path, "", {"authorization": f"Bearer {key}", **spelled}, body)
    run_on_fake_clock(responder.handled(public, request))
    return responder


def told(responder: FakeResponder) -> Any:
    return msgspec.json.decode(responder.body)


def test_models_in_openais_shape_say_which_is_simulated() -> None:
    models = {model["id"]: model for model in told(ask("GET", "/v1/models", key=""))["data"]}
    assert list(models) == ["gpt-4o", "sealink/sim"]
    assert "simulated" not in models["gpt-4o"]
    assert models["sealink/sim"]["simulated"] is True
    assert models["gpt-4o"]["object"] == "model"


def test_models_in_anthropics_shape() -> None:
    listed = told(ask("GET", "/v1/models", key="", anthropic_version="2023-06-01"))
    assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, "gpt-4o", "sealink/sim")
    assert listed["data"][1]["display_name"] == "sealink/sim (simulated)"
    assert listed["data"][0]["created_at"].endswith("Z")


def test_one_model() -> None:
    assert told(ask("GET", "/v1/models/sealink/sim", key=""))["id"] == "sealink/sim"
    assert told(ask("GET", "/v1/models/sealink%2Fsim", key=""))["id"] == "sealink/sim"
    assert ask("GET", "/v1/models/none").status == 404


@pytest.mark.parametrize("path", ["/v1/models", "/anthropic/v1/models"])
@pytest.mark.parametrize("version", [{}, {"anthropic_version": "2023-06-01"}], ids=["openai", "anthropic"])
def test_a_key_is_told_of_what_it_may_use(path: str, version: dict[str, str]) -> None:
    assert [model["id"] for model in told(ask("GET", path, **version))["data"]] == ["gpt-4o"]
    assert [model["id"] for model in told(ask("GET", path, models_without_key=False, **version))["data"]] == ["gpt-4o"]
    assert told(ask("GET", f"{path}/gpt-4o", **version))["id"] == "gpt-4o"
    assert ask("GET", f"{path}/sealink/sim", **version).status == 403


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o", "/anthropic/v1/models"])
def test_without_a_key_all_models_are_told_of_or_none(path: str) -> None:
    assert ask("GET", path, key="").status == 200
    assert ask("GET", path, key="", models_without_key=False).status == 401
    assert ask("GET", path, key="sk-wrong").status == 401


@pytest.mark.parametrize("path", ["/health/ready", "/health"])
def test_why_it_is_not_ready(path: str) -> None:
    responder = ask("GET", path, unready=["It stops.", "It has no ledger."])
    assert responder.status == 503
    assert told(responder) == {"status": "unavailable", "reasons": ["It stops.", "It has no ledger."]}
    assert ask("GET", "/healthz", unready=["It stops."]).status == 200


@pytest.mark.parametrize("path", ["/", "/health/live", "/healthz", "/health/ready", "/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_need_no_key(method: str, path: str) -> None:
    assert ask(method, path, key="").status == 200


def test_an_unknown_path() -> None:
    responder = ask("GET", "/v2/models")
    assert responder.status == 404
    assert told(responder)["error"]["code"] == "unknown_url"


def test_a_wrong_method_is_told_the_right_ones() -> None:
    responder = ask("GET", "/v1/chat/completions")
    assert (responder.status, responder.headers["allow"]) == (405, "OPTIONS, POST")
    assert told(responder)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("key", "model", "status", "kind", "code"),
    [
        ("", "gpt-4o", 401, "authentication_error", "invalid_api_key"),
        ("sk-2", "gpt-4o", 401, "authentication_error", "invalid_api_key"),
        ("sk-1", "sealink/sim", 403, "permission_error", "model_not_allowed"),
        ("sk-1", "gpt-5", 404, "not_found_error", "model_not_found"),
    ],
)
def test_who_may_use_what(key: str, model: str, status: int, kind: str, code: str) -> None:
    body = msgspec.json.encode({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
    responder = ask("POST", "/v1/chat/completions", body=body, key=key)
    assert responder.status == status
    assert (told(responder)["error"]["type"], told(responder)["error"]["code"]) == (kind, code)
    assert responder.headers["x-request-id"] == responder.headers["x-sealink-request-id"]


def test_anthropics_paths_tell_errors_in_anthropics_shape() -> None:
    responder = ask("PUT", "/v1/messages/x")
    assert told(responder)["type"] == "error"
    assert told(responder)["error"]["type"] == "not_found_error"
    assert told(responder)["request_id"] == responder.headers["request-id"]


def test_a_preflight_needs_no_key() -> None:
    asked = "authorization,content-type,x-stainless-os"
    headers = {"origin": "http://page", "access_control_request_headers": asked}
    responder = ask("OPTIONS", "/v1/chat/completions", key="", **headers)
    assert responder.status == 204
    assert responder.headers["access-control-allow-origin"] == "*"
    assert responder.headers["access-control-allow-headers"] == asked
    assert "POST" in responder.headers["access-control-allow-methods"]


def test_only_allowed_origins_are_let_in() -> None:
    origins = ("http://mine",)
    assert ask("GET", "/v1/models", origin="http://mine", origins=origins).headers["access-control-allow-origin"]
    assert "access-control-allow-origin" not in ask("GET", "/v1/models", origin="http://page", origins=origins).headers
    assert "access-control-allow-origin" not in ask("GET", "/v1/models").headers


def test_errors_can_be_read_by_a_page_too() -> None:
    assert ask("GET", "/nothing", origin="http://page").headers["access-control-allow-origin"] == "*"


def table(heartbeat: HeartbeatSettings | None = None) -> dict[tuple[str, str], Endpoint]:
    services = services_with(FakePool(), heartbeat=heartbeat)
    endpoints = public_endpoints(
        AdmissionControl(Keyring(Configured()), Router([]), services.observers), services, max_embeddings_bytes=7
    )
    found = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}
    assert len(found) == len(endpoints)
    return found


def heartbeats(settings: HeartbeatSettings | None = None) -> dict[str, str]:
    """The shape of heartbeats at each endpoint at which a model answers."""
    return {
        endpoint.path: endpoint.handler._api.heartbeat
        for endpoint in table(settings).values()
        if isinstance(endpoint.handler, Answers)
    }


def test_heartbeats_are_the_endpoints_own_unless_the_config_has_others_for_its_path() -> None:
    assert heartbeats() == {
        "/v1/chat/completions": "comment",
        "/v1/responses": "comment",
        "/v1/embeddings": "comment",
        "/v1/messages": "chunk",
        "/anthropic/v1/messages": "chunk",
    }
    quiet = heartbeats(HeartbeatSettings(shape="off", paths={"/anthropic": "comment"}))
    assert quiet["/v1/chat/completions"] == "off"
    assert quiet["/v1/messages"] == "chunk"
    assert quiet["/anthropic/v1/messages"] == "comment"


def test_embeddings_have_a_body_limit_of_their_own() -> None:
    assert {path: each.max_body_bytes for (_, path), each in table().items() if each.max_body_bytes} == {
        "/v1/embeddings": 7
    }
