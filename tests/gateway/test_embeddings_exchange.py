"""Embeddings between two fakes: tried, retried and settled as other whole answers are."""

import json
import time
from typing import Any

import pytest
from fakes import FakeLedger, FakePool, FakeResponder, FakeUpstream, services_with

from fake_clock import run_on_fake_clock
from sealink.access.keys import ApiKey
from sealink.errors import InvalidRequest, SealinkError, UpstreamError, UpstreamRejected
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.exchange import Exchange
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.gateway.operations.embeddings import EMBEDDINGS
from sealink.ledger.entry import Settlement
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import ModelRoute, Target
from sealink.providers import VENDORS
from sealink.providers.provider import Provider
from sealink.wire.dialects import gemini_generate, openai_chat
from sealink.wire.embeddings import CLIENT
from sealink.wire.embeddings.gemini import GeminiEmbeddings
from sealink.wire.embeddings.openai import OpenAIEmbeddings

OPENAI = Provider(
    name="first",
    dialect=openai_chat.UPSTREAM,
    base_url="https://first.test/v1",
    headers=(("authorization", "Bearer sk"),),
    profile=VENDORS["mistral"].profile(),
    embeddings=OpenAIEmbeddings(),
)
GEMINI = Provider(
    name="second",
    dialect=gemini_generate.UPSTREAM,
    base_url="https://second.test",
    embeddings=GeminiEmbeddings(),
)
NONE = Provider(name="third", dialect=openai_chat.UPSTREAM, base_url="https://third.test/v1")
WHOLE = b'{"object":"list","data":[{"embedding":[1.0]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}'
OF_GEMINI = b'{"embeddings":[{"values":[1.0]}]}'
BUSY = json.dumps({"error": {"message": "Busy.", "type": "server_error", "code": "busy"}}).encode()


class Run:
    """One request for embeddings, and what came of it."""

    def __init__(self, *answers: FakeUpstream | SealinkError, providers: tuple[Provider, ...], **asked: Any) -> None:
        self.pool, self.responder = FakePool(*answers), FakeResponder()
        services = services_with(self.pool, retry=RetrySettings())
        head = CLIENT.parse_head(json.dumps({"model": "m", "input": "Hi"} | asked).encode(), {})
        admitted = AdmittedRequest(
            request=ClientRequest("req_1", CLIENT, head, time.monotonic()),
            key=ApiKey(name="k"),
            route=ModelRoute("m", tuple(Target(provider, "e") for provider in providers)),
            heartbeat="off",
        )
        self._ledger = FakeLedger()
        services.observers = Observers(self._ledger)
        self._exchange = Exchange(
            admitted, self.responder, services, ModelApi(CLIENT, "off", whole=EMBEDDINGS), self.responder.refuse
        )

    async def to_the_end(self) -> Settlement:
        await self.responder.answers(self._exchange)
        return self.settlement

    @property
    def settlement(self) -> Settlement:
        assert [(each.client, each.streamed) for each in self._ledger.admitted] == [("embeddings", False)]
        (settlement,) = self._ledger.settled
        return settlement


def test_a_request_goes_out_with_the_vendors_overrides_for_embeddings() -> None:
    async def scenario() -> None:
        run = Run(FakeUpstream(WHOLE), providers=(OPENAI,), dimensions=256, user="u")
        settlement = await run.to_the_end()
        (request,) = run.pool.requests
        assert request.url == "https://first.test/v1/embeddings"
        assert json.loads(request.body) == {"model": "e", "input": "Hi", "output_dimension": 256}
        assert run.responder.headers["x-sealink-dropped"] == "user"
        assert run.responder.body == WHOLE
        assert settlement.usage is not None
        assert (settlement.ended, settlement.usage.input_tokens, settlement.usage_source) == ("done", 4, "provider")

    run_on_fake_clock(scenario())


def test_the_next_target_answers_where_the_first_one_fails() -> None:
    async def scenario() -> None:
        run = Run(FakeUpstream(BUSY, status=503), FakeUpstream(OF_GEMINI), providers=(OPENAI, GEMINI))
        settlement = await run.to_the_end()
        assert run.pool.requests[1].url == "https://second.test/v1beta/models/e:batchEmbedContents"
        assert run.responder.headers["x-sealink-fallback"] == "true"
        assert [(attempt.provider, attempt.code) for attempt in settlement.attempts] == [
            ("first", "busy"),
            ("second", None),
        ]
        assert settlement.usage is not None
        assert (settlement.usage.input_tokens, settlement.usage_source) == (1, "estimated")

    run_on_fake_clock(scenario())


def test_the_same_target_is_asked_again_where_it_is_the_last() -> None:
    async def scenario() -> None:
        run = Run(UpstreamError("reset", code="upstream_reset"), FakeUpstream(WHOLE), providers=(OPENAI,))
        assert (await run.to_the_end()).ended == "done"
        assert len(run.pool.requests) == 2

    run_on_fake_clock(scenario())


def test_an_answer_that_is_none_is_a_failure_of_its_target() -> None:
    async def scenario() -> None:
        run = Run(FakeUpstream(b'{"data": 5}'), FakeUpstream(OF_GEMINI), providers=(OPENAI, GEMINI))
        assert [attempt.code for attempt in (await run.to_the_end()).attempts] == ["upstream_malformed", None]

    run_on_fake_clock(scenario())


def test_a_refusal_is_told_in_the_upstreams_words() -> None:
    async def scenario() -> None:
        run = Run(FakeUpstream(BUSY, status=400), providers=(OPENAI, GEMINI))
        with pytest.raises(UpstreamRejected, match="Busy"):
            await run.to_the_end()
        assert (run.settlement.ended, run.settlement.code) == ("error", "busy")

    run_on_fake_clock(scenario())


def test_a_provider_without_embeddings_is_named() -> None:
    async def scenario() -> None:
        run = Run(providers=(NONE,))
        with pytest.raises(InvalidRequest, match="The provider 'third' has no embeddings"):
            await run.to_the_end()
        assert run.settlement.ended == "refused"

    run_on_fake_clock(scenario())
