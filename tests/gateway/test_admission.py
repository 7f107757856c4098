"""Admission: who is let in, and what gates may do: decide at once, or have the request wait."""

import asyncio
import json
from collections.abc import Awaitable

import pytest
from fakes import FakeLedger, FakeResponder

from fake_clock import on_fake_clock
from sealink.access.configured import Configured, ConfiguredKey
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey
from sealink.errors import AuthenticationError, InvalidRequest, NotFound, PermissionDenied, RateLimited, SealinkError
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.gate import Gate
from sealink.gateway.gates.request_limits import RequestLimits
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.http import RequestContext
from sealink.net.message import Request
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.providers.provider import Provider
from sealink.wire.dialect import HeartbeatShape
from sealink.wire.dialects import openai_chat

PROVIDER = Provider(name="p", dialect=openai_chat.UPSTREAM, base_url="http://x/v1")
ROUTER = Router([ModelRoute(name, (Target(PROVIDER, name),)) for name in ("gpt-4o", "other")])
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}'


class Log(list[str]):
    """A gate that lets everything in, and notes that it was asked."""

    def admit(self, request: AdmittedRequest) -> None:
        self.append(request.request.head.model)


class Full:
    def admit(self, request: AdmittedRequest) -> None:
        raise RateLimited("Too many.", code="requests")


class Slow:
    """Decides after a while: lets in, or raises."""

    def __init__(self, error: SealinkError | None = None) -> None:
        self._error = error

    def admit(self, request: AdmittedRequest) -> Awaitable[None]:
        return self._decide()

    async def _decide(self) -> None:
        await asyncio.sleep(1)
        if self._error is not None:
            raise self._error


def admit(
    *gates: Gate, body: bytes = BODY, key_heartbeat: HeartbeatShape | None = None, strict: bool = False, **headers: str
) -> AdmittedRequest | Awaitable[AdmittedRequest]:
    key = ApiKey(name="dev", models=("gpt-*",), heartbeat=key_heartbeat, strict=strict)
    keyring = Keyring(Configured((ConfiguredKey(key, "sk-1", "sealink.toml:1"),)))
    control = AdmissionControl(keyring, ROUTER, Observers(FakeLedger()), gates)
    spelled = {name.replace("_", "-"): value for name, value in {"authorization": "Bearer sk-1", **headers}.items()}
    request = Request("POST", "/v1/chat/completions", "beta=true", spelled, body)
    responder = FakeResponder()
    return control.admit(
        request,
        responder,
        RequestContext("req_1", responder.refuse, answer_headers=[("a", "b")]),
        ModelApi(openai_chat.CLIENT, "chunk"),
    )


def admitted(*gates: Gate, **options: str | bool) -> AdmittedRequest:
    found = admit(*gates, **options)  # type: ignore[arg-type]
    assert isinstance(found, AdmittedRequest)
    return found


def test_an_admitted_request_has_all_that_the_exchange_needs() -> None:
    found = admitted()
    assert (found.request_id, found.key.name, found.route.model) == ("req_1", "dev", "gpt-4o")
    assert (found.request.head.query, found.heartbeat, found.answer_headers) == ("beta=true", "chunk", [("a", "b")])
    assert not found.request.is_strict


def test_what_the_key_says_counts_before_the_endpoint() -> None:
    assert admitted(key_heartbeat="off").heartbeat == "off"
    assert admitted(strict=True).request.is_strict
    assert admitted(x_sealink_strict="True").request.is_strict


@on_fake_clock
async def test_who_is_refused() -> None:
    gate = Log()
    with pytest.raises(AuthenticationError):
        admit(gate, authorization="Bearer sk-2")
    with pytest.raises(PermissionDenied):
        admit(gate, body=BODY.replace(b"gpt-4o", b"other"))
    with pytest.raises(NotFound):
        admit(gate, body=BODY.replace(b"gpt-4o", b"gpt-5"))
    assert gate == []


def test_gates_that_decide_at_once_need_no_waiting() -> None:
    first, second = Log(), Log()
    admitted(first, second)
    assert first == second == ["gpt-4o"]


def test_a_gate_that_refuses_is_the_last_one_asked() -> None:
    gate = Log()
    with pytest.raises(RateLimited):
        admit(Full(), gate)
    assert gate == []


@on_fake_clock
async def test_a_gate_may_have_the_request_wait() -> None:
    before, after = Log(), Log()
    waiting = admit(before, Slow(), Slow(), after)
    assert not isinstance(waiting, AdmittedRequest)
    assert (before, after) == (["gpt-4o"], [])
    assert (await waiting).request_id == "req_1"
    assert after == ["gpt-4o"]


@on_fake_clock
async def test_a_gate_may_refuse_after_a_while() -> None:
    after = Log()
    waiting = admit(Slow(), Slow(RateLimited("Too many.", code="tokens")), after)
    assert not isinstance(waiting, AdmittedRequest)
    with pytest.raises(RateLimited):
        await waiting
    assert after == []


MESSAGE = {"role": "user", "content": "?"}


@pytest.mark.parametrize(
    ("name", "count", "is_refused"),
    [("messages", 20, False), ("messages", 21, True), ("tools", 5, False), ("tools", 6, True), ("input", 21, True)],
)
def test_a_request_may_have_so_many_messages_and_tools(name: str, count: int, is_refused: bool) -> None:
    body = json.dumps({"model": "gpt-4o", "messages": [MESSAGE], name: [MESSAGE] * count}).encode()
    limits = RequestLimits(max_messages=20, max_tools=5)
    if not is_refused:
        assert admit(limits, body=body)
        return
    with pytest.raises(InvalidRequest, match=f"`{name}` has {count} elements") as caught:
        admit(limits, body=body)
    assert (caught.value.code, caught.value.param) == ("array_above_max_length", name)
