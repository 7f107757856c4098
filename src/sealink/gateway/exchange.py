"""One request and its answer: targets are tried in order until one commits, then its stream is moved to the end.

admitted ──▶ trying a target ──▶ committed ──▶ settled
              │    ▲              first content has gone to the client:
              └────┘              from here on an error is a frame, not a status
          failed: the next one
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Protocol

import msgspec

from sealink import __version__
from sealink.errors import GatewayTimeout, HeaderList, SealinkError, ServiceUnavailable, UpstreamError
from sealink.gateway import headers
from sealink.gateway.settle import Settle, Settlement
from sealink.net.message import Responder, UpstreamRequest, UpstreamResponse
from sealink.net.pump import hold_until_content, pump
from sealink.policy.auth import ApiKey
from sealink.policy.retry import may_try_elsewhere
from sealink.policy.routing import Target
from sealink.request import ChatRequest
from sealink.wire.dialect import ClientDialect, Outcome, Outgoing, Relay, RequestHead
from sealink.wire.lanes import Lane, Translate, observe

MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""The largest answer that is read whole: a not-streamed one, or an error's body."""


class Pool(Protocol):
    """Where connections to upstreams come from: net.upstream's UpstreamPool, or a test's fake."""

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse: ...


class Call(msgspec.Struct):
    """An admitted request: who asks, in which dialect, for what, and where it may be had.

    `extra_headers` go out with the answer, whatever it is (CORS).
    """

    request_id: str
    key: ApiKey
    client: ClientDialect
    head: RequestHead
    targets: tuple[Target, ...]
    extra_headers: HeaderList = ()


class Exchange:
    """Runs one Call. `run` raises SealinkError while the client can still be told by status."""

    def __init__(self, call: Call, responder: Responder, pool: Pool, settle: Settle) -> None:
        self._call = call
        self._responder = responder
        self._pool = pool
        self._settle = settle
        self._admitted_at = time.monotonic()
        self._outcome = Outcome()
        self._record = Settlement(
            request_id=call.request_id,
            key=call.key.name,
            model=call.head.model,
            task_type=call.head.task_type,
            streamed=call.head.stream,
        )

    async def run(self) -> None:
        """Answer the client, and settle whatever comes."""
        try:
            await self._try_targets()
        except SealinkError as error:
            self._outcome.error = error
            raise
        except asyncio.CancelledError:
            self._record.ended = "client_gone" if self._responder.gone else "stopped"
            raise
        finally:
            self._settle(self._settled())

    async def _try_targets(self) -> None:
        *others, last = self._call.targets
        for target in others:
            try:
                return await self._attempt(target)
            except SealinkError as error:
                if not may_try_elsewhere(error):
                    raise
        return await self._attempt(last)

    async def _attempt(self, target: Target) -> None:
        self._record.targets.append(target.provider.name)
        self._record.served_model = target.model
        if self._call.head.stream:
            await self._stream(target)
        else:
            await self._whole(target)

    async def _stream(self, target: Target) -> None:
        outgoing, relay = self._prepare(target)
        lane = Lane(target.provider.dialect.framer(), relay)
        self._outcome = lane.outcome
        times = target.timeouts
        try:
            async with asyncio.timeout(times.first_content_s) as timer, self._opened(target, outgoing) as upstream:
                held = await hold_until_content(upstream, lane)
                self._commit(target, outgoing, held)
                timer.reschedule(asyncio.get_running_loop().time() + times.total_s - self._elapsed_s())
                await pump(upstream, self._responder, lane, times.idle_s)
        except TimeoutError:
            self._time_out(target, lane)
        except asyncio.CancelledError:
            self._break_off(lane)
            raise
        self._responder.finish()

    def _commit(self, target: Target, outgoing: Outgoing, held: bytes) -> None:
        self._record.first_content_ms = self._elapsed_s() * 1000
        self._responder.start(200, [*headers.EVENT_STREAM, *self._headers(target, outgoing)])
        self._responder.write(held)

    def _time_out(self, target: Target, lane: Lane) -> None:
        if not self._responder.started:
            raise _timeout("first_content", target.timeouts.first_content_s) from None
        self._responder.write(lane.close(_timeout("total", target.timeouts.total_s)))

    def _break_off(self, lane: Lane) -> None:
        """The task is cancelled: the client has left, or SeaLink stops and a client that is still there is told."""
        if self._responder.started and not self._responder.gone:
            self._responder.write(lane.close(ServiceUnavailable("SeaLink is shutting down.", code="draining")))
            self._responder.finish()

    async def _whole(self, target: Target) -> None:
        outgoing, _ = self._prepare(target)
        try:
            async with asyncio.timeout(target.timeouts.total_s), self._opened(target, outgoing) as upstream:
                answer = await _read_whole(upstream)
        except TimeoutError:
            raise _timeout("total", target.timeouts.total_s) from None
        body = self._rewrite(target, answer)
        self._record.first_content_ms = self._elapsed_s() * 1000
        self._responder.send(200, [*headers.JSON, *self._headers(target, outgoing)], body)

    def _rewrite(self, target: Target, answer: bytes) -> bytes:
        """A whole answer in the client's dialect."""
        client, dialect = self._call.client, target.provider.dialect
        if dialect.name == client.name:
            body, self._outcome = dialect.relay_whole(answer)
            return body
        events = dialect.whole_events(answer)
        for event in events:
            observe(event, self._outcome)
        return client.whole(self._request, events, created=int(time.time()))

    def _prepare(self, target: Target) -> tuple[Outgoing, Relay]:
        """The request for this target, and what will carry its answer back."""
        client, dialect, head = self._call.client, target.provider.dialect, self._call.head
        if dialect.name == client.name:
            return dialect.forward_request(head, target.model), dialect.relay(head)
        outgoing = dialect.write_request(self._request, target.model)
        return outgoing, Translate(dialect.decoder(), client.encoder(self._request, created=int(time.time())))

    @cached_property
    def _request(self) -> ChatRequest:
        return self._call.client.read_request(self._call.head)

    @asynccontextmanager
    async def _opened(self, target: Target, outgoing: Outgoing) -> AsyncIterator[UpstreamResponse]:
        """The target's answer, once it is known not to be an error."""
        request = _upstream_request(target, outgoing, stream=self._call.head.stream)
        upstream = await self._pool.send(request, connect_s=target.timeouts.connect_s)
        try:
            if upstream.status != 200:
                body = await _read_whole(upstream)
                raise target.provider.dialect.read_error(upstream.status, upstream.headers, body)
            yield upstream
        except BaseException:
            upstream.close()
            raise
        upstream.release()

    def _headers(self, target: Target, outgoing: Outgoing) -> HeaderList:
        return [
            *headers.identity(self._call.request_id),
            *self._call.extra_headers,
            *headers.provenance(self._call.head.model, target, outgoing, is_fallback=len(self._record.targets) > 1),
        ]

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._admitted_at

    def _settled(self) -> Settlement:
        record, outcome = self._record, self._outcome
        if outcome.error is not None:
            record.code = outcome.error.code
            record.ended = "error" if record.ended == "done" else record.ended
        record.usage, record.provenance, record.frames = outcome.usage, outcome.provenance, outcome.frames
        record.duration_ms = self._elapsed_s() * 1000
        return record


def _upstream_request(target: Target, outgoing: Outgoing, *, stream: bool) -> UpstreamRequest:
    provider = target.provider
    return UpstreamRequest(
        method="POST",
        url=provider.base_url.rstrip("/") + outgoing.path,
        headers=[
            ("content-type", "application/json"),
            ("accept", "text/event-stream" if stream else "application/json"),
            ("user-agent", f"sealink/{__version__}"),
            *provider.headers,
            *outgoing.headers,
        ],
        body=outgoing.body,
    )


async def _read_whole(upstream: UpstreamResponse) -> bytes:
    pieces, size = [], 0
    while data := await upstream.read():
        pieces.append(data)
        size += len(data)
        if size > MAX_WHOLE_BYTES:
            raise UpstreamError(
                f"The upstream's answer is larger than {MAX_WHOLE_BYTES} bytes.", code="upstream_too_large"
            )
    return b"".join(pieces)


def _timeout(timer: str, limit_s: float) -> GatewayTimeout:
    words = {
        "first_content": "The upstream sent no content",
        "total": "The answer was not complete",
    }
    return GatewayTimeout(f"{words[timer]} within {limit_s:g} seconds.", code=timer)
