"""One exchange between two fakes, and what its upstreams may say."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from fakes import FakeLedger, FakePool, FakeResponder, FakeUpstream, Never, shared_by

from sealink.access.keys import ApiKey
from sealink.errors import SealinkError
from sealink.gateway.call import AdmittedRequest, Services
from sealink.gateway.exchange import Exchange
from sealink.gateway.heartbeat import HeartbeatSettings
from sealink.ledger.entry import Settlement
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import OnDisconnect, Route, Target
from sealink.providers.provider import Provider, Timeouts
from sealink.wire.dialect import HeartbeatShape, UpstreamDialect
from sealink.wire.dialects import openai_chat
from sealink.wire.framing.sse import data_frame

ROLE = data_frame(b'{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant"}}]}')
TEXT = data_frame(b'{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]}')
STOP = data_frame(
    b'{"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
)
USAGE = data_frame(
    b'{"id":"1","object":"chat.completion.chunk","choices":[],'
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
        shared: Services | None = None,
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
        call = AdmittedRequest(
            request_id="req_1",
            path="/v1/chat/completions",
            key=ApiKey(name="dev", digest=b"", on_disconnect=on_disconnect, heartbeat=key_heartbeat),
            client=openai_chat.CLIENT,
            head=openai_chat.CLIENT.parse_head(msgspec.json.encode(body), {}),
            route=Route(
                "m",
                tuple(Target(provider, f"m-{provider.name}", times) for provider in providers),
                hedge_after_s=hedge_after_s,
            ),
        )
        self.call = call
        self.pool = FakePool(*answers)
        self.shared = shared or shared_by(self.pool, heartbeat=heartbeat, retry=retry)
        self.shared.pool, self.shared.ledger = self.pool, FakeLedger()
        self.responder = FakeResponder()
        self.exchange = Exchange(call, self.responder, self.shared)

    async def to_the_end(self) -> SealinkError | None:
        """Run it. Gives the error that the client would be told by status, if there is one."""
        try:
            await self.exchange.run()
        except SealinkError as error:
            return error
        assert self.responder.finished
        return None

    async def until_the_client_leaves(self) -> asyncio.Task[None]:
        """Run it until its client has heard something, and take the client away."""
        task = asyncio.ensure_future(self.exchange.run())
        await self.responder.first_byte.wait()
        self.responder.leave()
        return task

    @property
    def settlement(self) -> Settlement:
        ledger = self.shared.ledger
        assert isinstance(ledger, FakeLedger)
        assert len(ledger.admitted) == 1
        (settlement,) = ledger.settled
        return settlement


def with_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run an async test on a loop of its own."""

    def run() -> None:
        asyncio.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


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
