"""One target being tried: its request out, its answer in, up to the first real content."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, Protocol

import msgspec

from sealink import __version__
from sealink.errors import GatewayTimeout, InvalidRequest, UpstreamError
from sealink.ledger.timeline import Moment
from sealink.net.message import UpstreamRequest, UpstreamResponse
from sealink.net.pump import hold_until_content
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile, normalized_error
from sealink.request import ChatRequest
from sealink.wire.dialect import (
    ClientDialect,
    FallbackIdentity,
    OutgoingRequest,
    RequestHead,
    UpstreamDialect,
    same_dialect,
)
from sealink.wire.stream.handler import StreamHandler
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome, observe
from sealink.wire.stream.translator import Translator

MAX_WHOLE_BYTES: Final = 64 * 1024 * 1024
"""The largest answer that is read whole: a not-streamed one, or an error's body."""

_USER_AGENT: Final = ("user-agent", f"sealink/{__version__}")

Mark = Callable[[Moment], None]


class Pool(Protocol):
    """Where connections to upstreams come from: net/upstream's UpstreamPool, or a test's fake."""

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse: ...


class ClientRequest(msgspec.Struct, dict=True):
    """What a client asks for, in its own dialect; read into the neutral form only if a target needs that.

    `is_strict`: rather nothing at all than an answer for which a parameter was left out. `asked_at`: a monotonic
    clock's seconds.
    """

    request_id: str
    client: ClientDialect
    head: RequestHead
    is_strict: bool = False
    asked_at: float = msgspec.field(default_factory=time.monotonic)

    @cached_property
    def request(self) -> ChatRequest:
        return self.client.parse_request(self.head)

    def time_left_s(self, target: Target) -> float:
        """How long a target may still take: `total_s` counts from the request, not from when a target's turn comes."""
        return target.timeouts.total_s - (time.monotonic() - self.asked_at)

    @property
    def identity(self) -> FallbackIdentity:
        """What an answer begins with whose upstream gives it no id and no time."""
        return FallbackIdentity(self.request_id.removeprefix("req_"), int(time.time()))


class Attempt:
    """One request to one target. Owns its upstream, from `answer` to `close` or `release`.

    `outcome` is what was learned about the answer, of a whole one once it is there. `was_sent`: the request has gone
    out, so that it may be charged for.
    """

    def __init__(self, asked: ClientRequest, target: Target, pool: Pool, mark: Mark) -> None:
        self.target = target
        self.outgoing = self._outgoing(asked, target)
        if asked.is_strict and self.outgoing.dropped:
            raise _refused(self.outgoing.dropped, target)
        self.outcome = Outcome()
        self.was_sent = False
        self._asked = asked
        self._pool = pool
        self._mark = mark
        self._upstream: UpstreamResponse | None = None

    @property
    def upstream(self) -> UpstreamResponse:
        assert self._upstream is not None
        return self._upstream

    async def answer(self) -> None:
        """Returns when there is something for the client. Raises the SealinkError that came instead."""
        raise NotImplementedError

    def close(self) -> None:
        """Give up what is still under way, at once."""
        if self._upstream is not None:
            self._upstream.close()
            self._mark("upstream_closed")

    def release(self) -> None:
        """The answer is whole: the connection may be used again."""
        self.upstream.release()

    async def _send(self) -> None:
        """The target's answer, once it is known not to be an error."""
        request = _upstream_request(self.target, self.outgoing, stream=self._asked.head.stream)
        request.on_connected = self._connected
        signer = self.target.provider.signer
        if signer is not None:
            signature = await signer.sign(request.method, request.url, request.headers, request.body)
            request.headers = [*request.headers, *signature]
        upstream = self._upstream = await self._pool.send(request, connect_s=self.target.timeouts.connect_s)
        self._mark("headers")
        if upstream.status != 200:
            body = await _read_whole(upstream, self.target.timeouts.idle_s)
            provider = self.target.provider
            raise normalized_error(
                provider.dialect.read_error(upstream.status, upstream.headers, body), provider.profile
            )

    def _outgoing(self, asked: ClientRequest, target: Target) -> OutgoingRequest:
        """The request for a target. Raises InvalidRequest: it cannot be told there."""
        dialect = target.provider.dialect
        if same_dialect(dialect, asked.client):
            outgoing = dialect.forward_request(asked.head, target.model)
        else:
            outgoing = _translated(asked, dialect, target.model)
        outgoing = apply_profile(outgoing, target.provider.profile)
        if outgoing.dropped:
            spellings = asked.client.spellings
            outgoing.dropped = [spellings.get(name, name) for name in outgoing.dropped]
        return outgoing

    def _connected(self) -> None:
        self.was_sent = True
        self._mark("connected")


class StreamedAttempt(Attempt):
    """`answer` returns with the first content, and all before it, in `held`; the rest is still to come."""

    lane: Lane

    def __init__(self, asked: ClientRequest, target: Target, pool: Pool, mark: Mark) -> None:
        super().__init__(asked, target, pool, mark)
        self.held = b""

    async def answer(self) -> None:
        timeouts, left_s = self.target.timeouts, self._asked.time_left_s(self.target)
        try:
            async with asyncio.timeout(min(timeouts.first_content_s, left_s)):
                await self._send()
                self._open_lane()
                self.held = await hold_until_content(self.upstream, self.lane)
        except TimeoutError:
            if left_s < timeouts.first_content_s:
                raise timed_out("total", timeouts.total_s) from None
            raise timed_out("first_content", timeouts.first_content_s) from None

    def _open_lane(self) -> None:
        """Not before the request is out: the upstream need not wait for this."""
        self.lane = Lane(self.target.provider.dialect.framer(), _relay(self._asked, self.target))
        self.outcome = self.lane.outcome

    def time_out(self, timer: str, limit_s: float) -> None:
        """The upstream has been silent, or has gone on, for too long."""
        self.upstream.fail(timed_out(timer, limit_s))


class WholeAttempt(Attempt):
    """`answer` returns with the whole answer, in the client's dialect, in `body`."""

    def __init__(self, asked: ClientRequest, target: Target, pool: Pool, mark: Mark) -> None:
        super().__init__(asked, target, pool, mark)
        self.body = b""

    async def answer(self) -> None:
        timeouts = self.target.timeouts
        try:
            async with asyncio.timeout(self._asked.time_left_s(self.target)):
                await self._send()
                answer = await _read_whole(self.upstream, timeouts.idle_s)
        except TimeoutError:
            raise timed_out("total", timeouts.total_s) from None
        self.body = self._rewrite(answer)

    def _rewrite(self, answer: bytes) -> bytes:
        client, dialect = self._asked.client, self.target.provider.dialect
        if same_dialect(dialect, client):
            body, self.outcome = dialect.passthrough_whole(answer)
            return body
        events = dialect.decode_whole(answer)
        for event in events:
            observe(event, self.outcome)
        return client.whole(self._asked.request, events, self._asked.identity)


def _refused(dropped: Sequence[str], target: Target) -> InvalidRequest:
    names = ", ".join(f"`{name}`" for name in dropped)
    return InvalidRequest(
        f"{target.provider.name!r} cannot be told {names}, and nothing may be left out of this request (`strict`).",
        code="unsupported_parameter",
        param=dropped[0],
    )


def _translated(asked: ClientRequest, dialect: UpstreamDialect, model: str) -> OutgoingRequest:
    request = asked.request
    try:
        return dialect.write_request(request, model)
    except InvalidRequest as error:
        error.param = asked.client.spellings.get(error.param or "", error.param)
        raise


def _relay(asked: ClientRequest, target: Target) -> StreamHandler:
    """What carries a target's stream back to the client."""
    client, dialect = asked.client, target.provider.dialect
    if same_dialect(dialect, client):
        return dialect.passthrough(asked.head)
    return Translator(dialect.decoder(), client.encoder(asked.request, asked.identity))


def _upstream_request(target: Target, outgoing: OutgoingRequest, *, stream: bool) -> UpstreamRequest:
    provider = target.provider
    return UpstreamRequest(
        method="POST",
        url=provider.base_url.rstrip("/") + outgoing.path,
        headers=[
            ("content-type", "application/json"),
            ("accept", "text/event-stream" if stream else "application/json"),
            _USER_AGENT,
            *provider.headers,
            *outgoing.headers,
        ],
        body=outgoing.body,
        provider=provider.name,
    )


async def _read_whole(upstream: UpstreamResponse, idle_s: float) -> bytes:
    """A body. Until it has begun it may be silent for longer than `idle_s`: some say 200 first and think then."""
    pieces, size = [], 0
    while data := await _read(upstream, idle_s if size else None):
        pieces.append(data)
        size += len(data)
        if size > MAX_WHOLE_BYTES:
            raise UpstreamError(
                f"The upstream's answer is larger than {MAX_WHOLE_BYTES} bytes.", code="upstream_too_large"
            )
    return b"".join(pieces)


async def _read(upstream: UpstreamResponse, within_s: float | None) -> bytes:
    try:
        async with asyncio.timeout(within_s):
            return await upstream.read()
    except TimeoutError:
        assert within_s is not None
        raise timed_out("idle", within_s) from None


_WORDS: Final = {
    "first_content": "The upstream sent no content",
    "idle": "The upstream sent nothing",
    "total": "The answer has not come to its end",
}


def timed_out(timer: str, limit_s: float) -> GatewayTimeout:
    """One of an exchange's timers has fired; `timer` is the error's code."""
    return GatewayTimeout(f"{_WORDS[timer]} for {limit_s:g} seconds.", code=timer)
