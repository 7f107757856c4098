"""One exchange between two fakes, and what its upstreams may say."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from fakes import FakeLedger, FakePool, FakeResponder, FakeUpstream, Never, services_with

from sealink.access.keys import ApiKey
from sealink.errors import SealinkError
from sealink.gateway.admitted_request import AdmittedRequest, ClientRequest
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.exchange import Exchange
from sealink.gateway.model_api import ModelApi
from sealink.gateway.observers import Observers
from sealink.gateway.services import Services
from sealink.ledger.entry import Settlement
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import ModelRoute, OnDisconnect, Target
from sealink.providers.provider import Provider, Timeouts
from sealink.wire.dialect import HeartbeatShape, UpstreamDialect
from sealink.wire.dialects import openai_chat
from sealink.wire.framing.sse import data_frame

CHUNK = b'{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
ROLE = data_frame(CHUNK + b'{"role":"assistant"}}]}')
TEXT = data_frame(CHUNK + b'{"content":"Hi"}}]}')
STOP = data_frame(CHUNK + b'{},"finish_reason":"stop"}]}')
USAGE = data_frame(
    b'{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)
OVERLOADED = data_frame(b'{"error":{"message":"Overloaded","type":"server_error","code":"overloaded"}}')
CREDENTIALS = b'{"error":{"message":"No such key.","type":"invalid_request_error","param":null,"code":"bad_key"}}'


WHOLE = (
    b'{"id":"1","object":"chat.completion","created":1,"model":"m-a","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)


class Run:
    """An exchange with its two ends, and what came of it."""

    def __init__(
        self,
        *answers: FakeUpstream | SealinkError | Never,
        stream: bool = True,
        include_usage: bool = False,
        on_disconnect: OnDisconnect | None = None,
        heartbeat: HeartbeatSettings | None = None,
        key_heartbeat: HeartbeatShape | None = None,
        retry: RetrySettings | None = None,
        hedge_after_s: float = 0.0,
        targets: tuple[str, ...] = ("a", "b"),
        dialect: UpstreamDialect = openai_chat.UPSTREAM,
        dialects: Mapping[str, UpstreamDialect] = {},
        more: Mapping[str, Any] = {},
        services: Services | None = None,
        **timers: float,
    ) -> None:
        body: dict[str, Any] = {
            "model": "m",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": stream,
            **more,
        }
        if include_usage:
            body["stream_options"] = {"include_usage": True}
        providers = [
            Provider(name=name, dialect=dialects.get(name, dialect), base_url="http://x/v1") for name in targets
        ]
        times = Timeouts(**timers)
        client = openai_chat.CLIENT
        self.pool = FakePool(*answers)
        self.ledger = FakeLedger()
        self.services = services or services_with(self.pool, heartbeat=heartbeat, retry=retry)
        self.services.pool, self.services.observers = self.pool, Observers(self.ledger)
        api = ModelApi(client, self.services.heartbeat.shape_on("/v1/chat/completions"))
        self.admitted = AdmittedRequest(
            request=ClientRequest("req_1", client, client.parse_head(msgspec.json.encode(body), {}), time.monotonic()),
            key=ApiKey(name="dev", on_disconnect=on_disconnect),
            route=ModelRoute(
                "m",
                tuple(Target(provider, f"m-{provider.name}", times) for provider in providers),
                hedge_after_s=hedge_after_s,
            ),
            heartbeat=key_heartbeat or api.heartbeat,
        )
        self.responder = FakeResponder()
        self.exchange = Exchange(self.admitted, self.responder, self.services, api, self.responder.refuse)

    async def run(self) -> None:
        """Run it. Raises the error that the client is told by status. When cancelled, the server stops."""
        await self.responder.answers(self.exchange)

    async def to_the_end(self) -> SealinkError | None:
        """Run it. Gives the error that the client would be told by status, if there is one."""
        try:
            await self.run()
        except SealinkError as error:
            return error
        assert self.responder.finished
        return None

    async def until_the_client_leaves(self) -> asyncio.Task[None]:
        """Run it until its client has heard something, and take the client away."""
        task = asyncio.ensure_future(self.run())
        await self.responder.first_byte.wait()
        self.responder.leave()
        return task

    @property
    def settlement(self) -> Settlement:
        assert len(self.ledger.admitted) == 1
        (settlement,) = self.ledger.settled
        return settlement


class Gate(FakeUpstream):
    """Holds its pieces after the first two back until it is opened."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(*pieces)
        self.open = asyncio.Event()
        self._reads = 0

    async def read(self) -> bytes:
        self._reads += 1
        if self._reads > 2:
            await self.open.wait()
        return await super().read()
