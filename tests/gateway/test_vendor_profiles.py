"""What is a vendor's own in a request on its way to an upstream: its profile and its signature."""

import asyncio
import json
import time

import pytest
from fakes import FakePool, FakeResponder, FakeUpstream, services_with

from fake_clock import run_on_fake_clock
from sealink.access.keys import ApiKey
from sealink.errors import HeaderList, InvalidRequest, UpstreamError, UpstreamRejected
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.exchange import Exchange
from sealink.gateway.model_api import ModelApi
from sealink.policy.routing import ModelRoute, Target
from sealink.providers.profile import Profile, StatusOverride
from sealink.providers.provider import Provider
from sealink.providers.signers.signing import Signer
from sealink.wire.dialects import openai_chat

ANSWER = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":' \
    b'{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}'  # fmt: skip
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "logit_bias": {"1": 1}}
HABITS = Profile("openai", "", unsupported=("logit_bias",), path=lambda path, fields: "/chat")


class CountingSigner:
    """Signs with the length of what it was given."""

    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        await asyncio.sleep(0)
        return [("authorization", f"{method} {url} {len(body)} {dict(headers)['content-type']}")]


class LostSigner:
    async def sign(self, method: str, url: str, headers: HeaderList, body: bytes) -> HeaderList:
        raise UpstreamError("No credentials.", code="upstream_credentials")


def provider(name: str, signer: Signer | None = None, profile: Profile | None = HABITS) -> Provider:
    return Provider(
        name=name, dialect=openai_chat.UPSTREAM, base_url=f"https://{name}.test/v1", profile=profile, signer=signer
    )


async def answered(pool: FakePool, *providers: Provider, is_strict: bool = False) -> FakeResponder:
    head = openai_chat.CLIENT.parse_head(json.dumps(ASKED).encode(), {})
    route = ModelRoute("m", tuple(Target(provider, "m") for provider in providers))
    key = ApiKey(name="k")
    responder = FakeResponder()
    admitted = AdmittedRequest(
        ClientRequest("req_1", openai_chat.CLIENT, head, time.monotonic(), is_strict), key, route, "off"
    )
    services, api = services_with(pool), ModelApi(openai_chat.CLIENT, "off")
    await responder.answers(Exchange(admitted, responder, services, api, responder.refuse))
    return responder


def test_a_request_goes_out_as_the_vendor_wants_it_and_what_was_left_out_is_named() -> None:
    async def scenario() -> None:
        pool = FakePool(FakeUpstream(ANSWER))
        responder = await answered(pool, provider("one"))
        (request,) = pool.requests
        assert request.url == "https://one.test/v1/chat"
        assert "logit_bias" not in json.loads(request.body)
        assert responder.headers["x-sealink-dropped"] == "logit_bias"

    run_on_fake_clock(scenario())


def test_each_request_is_signed_as_it_is_sent() -> None:
    async def scenario() -> None:
        pool = FakePool(FakeUpstream(ANSWER))
        await answered(pool, provider("one", CountingSigner()))
        (request,) = pool.requests
        signature = f"POST https://one.test/v1/chat {len(request.body)} application/json"
        assert dict(request.headers)["authorization"] == signature

    run_on_fake_clock(scenario())


def test_where_nothing_can_be_signed_the_next_target_is_asked() -> None:
    async def scenario() -> None:
        pool = FakePool(*[FakeUpstream(ANSWER)] * 3)
        responder = await answered(pool, provider("one", LostSigner()), provider("two", profile=None))
        assert {request.url for request in pool.requests} == {"https://two.test/v1/chat/completions"}
        assert responder.headers["x-sealink-fallback"] == "true"

    run_on_fake_clock(scenario())


def test_an_error_that_means_another_goes_to_the_next_target_and_is_told_as_it_came() -> None:
    wrong_key = b'{"code":"invalid-argument","error":"Incorrect API key provided."}'
    mistelling = provider(
        "one", profile=Profile("openai", "", status_overrides=(StatusOverride(400, "incorrect api key", 401),))
    )

    async def scenario() -> None:
        pool = FakePool(FakeUpstream(wrong_key, status=400), FakeUpstream(ANSWER))
        assert (await answered(pool, mistelling, provider("two", profile=None))).headers["x-sealink-upstream"] == "two"
        with pytest.raises(UpstreamRejected, match="Incorrect API key") as caught:
            await answered(FakePool(FakeUpstream(wrong_key, status=400)), mistelling)
        assert (caught.value.status, caught.value.meant_status) == (400, 401)

    run_on_fake_clock(scenario())


def test_a_strict_request_is_refused_where_something_would_be_left_out() -> None:
    async def scenario() -> None:
        pool = FakePool(FakeUpstream(ANSWER))
        with pytest.raises(InvalidRequest, match="'one' does not support `logit_bias`") as caught:
            await answered(pool, provider("one"), is_strict=True)
        assert (caught.value.status, caught.value.code, caught.value.param) == (
            400,
            "unsupported_parameter",
            "logit_bias",
        )
        assert not pool.requests
        await answered(pool, provider("two", profile=None), is_strict=True)
        assert pool.requests

    run_on_fake_clock(scenario())
