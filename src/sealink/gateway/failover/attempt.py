"""An attempt: one request to one target. What differs between operations is passed in."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, Protocol, TypeVar

import msgspec

from sealink import __version__
from sealink.errors import HeaderList, InternalError, InvalidRequest, SealinkError
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.upstream_words import UpstreamWords, unexpected_status
from sealink.gateway.failover.whole_body import WholeBody, timed_out
from sealink.gateway.timer_wheel import Timer, TimerWheel
from sealink.ledger.timeline import Moment
from sealink.net.message import Pool, UpstreamRequest, UpstreamResponse, ignore
from sealink.policy.routing import Target
from sealink.providers.signers.signing import Signer
from sealink.providers.transforms import normalized_error
from sealink.trace_context import new_span_id
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.stream.outcome import Outcome

WriteRequest = Callable[[ClientRequest, Target], OutgoingRequest]
"""Writes a request as a target wants it. Raises InvalidRequest: this target does not support it."""

Mark = Callable[[Moment], None]
"""Notes that something has just happened, for the request's timeline."""

OnEnd = Callable[[SealinkError | None], None]

log = logging.getLogger("sealink.gateway")

ERROR_STATUSES: Final = range(400, 600)

_NOTHING: Final = Outcome()
"""What is known of an answer that has not come."""

_JSON: Final = ("content-type", "application/json")
_USER_AGENT: Final = ("user-agent", f"sealink/{__version__}")
_WHOLE_HEADERS: Final = (_JSON, ("accept", "application/json"), _USER_AGENT)
_STREAM_HEADERS: Final = (_JSON, ("accept", "text/event-stream"), _USER_AGENT)


class Surroundings(msgspec.Struct, frozen=True):
    """What the attempts of one exchange share."""

    pool: Pool
    timers: TimerWheel
    mark: Mark


class Attempt(ABC):
    """Writes the request when it is made, and owns its upstream connection from `start` to `close` or `release`.

    It has no task: it is told by its upstream's response what has come, and by a timer that time is up.
    `outcome` is what was learned about the answer; of one that is not streamed, once it is there. `was_sent`: the
    request has gone out, so that it may be charged for. `span_id` is "" where the request has no spans.
    """

    def __init__(
        self, write_request: WriteRequest, request: ClientRequest, target: Target, surroundings: Surroundings
    ) -> None:
        self.request = request
        self.target = target
        self.outgoing = write_request(request, target)
        if request.is_strict and self.outgoing.dropped:
            raise _unsupported(self.outgoing.dropped, target)
        self.outcome = _NOTHING
        self.was_sent = False
        trace = request.trace
        self.span_id = new_span_id() if trace is not None and trace.sampled else ""
        self._received = WholeBody()
        self._surroundings = surroundings
        self._on_end: OnEnd | None = None
        self._upstream: UpstreamResponse | None = None
        self._signing: asyncio.Task[None] | None = None
        self._has_headers = False
        self._timer: Timer | None = None
        self._request: UpstreamRequest | None = None
        self._words: UpstreamWords | None = None

    @property
    def upstream(self) -> UpstreamResponse:
        assert self._upstream is not None
        return self._upstream

    @property
    def words(self) -> UpstreamWords:
        """What the upstream says about a failure. The request has been sent."""
        if self._words is None:
            assert self._request is not None
            self._words = UpstreamWords(self.target.provider, self._request.url, self._request.headers)
        return self._words

    def start(self, on_end: OnEnd) -> None:
        """Send the request. `on_end` is called once: with None when there is something to send to the client, or with
        the SealinkError that came instead, as the client may read it."""
        self._on_end = on_end
        self._start_timer()
        request = _upstream_request(self.target, self.outgoing, stream=self.request.head.stream)
        trace = self.request.trace
        if trace is not None:
            request.own_lines = trace.header_lines(self.span_id or trace.span_id)
        request.on_connected = self._connected
        signer = self.target.provider.signer
        if signer is None:
            self._send(request)
        else:
            self._signing = asyncio.get_running_loop().create_task(self._sign(request, signer))

    async def answer(self) -> None:
        """As `start`, for those that wait in a task. Returns when there is something to send to the client."""
        ended: asyncio.Future[SealinkError | None] = asyncio.get_running_loop().create_future()

        def on_end(error: SealinkError | None) -> None:
            if not ended.done():
                ended.set_result(error)

        self.start(on_end)
        error = await ended
        if error is not None:
            raise error

    def close(self) -> None:
        """Give up what is still under way, at once."""
        self._stop_waiting()
        if self._signing is not None:
            self._signing.cancel()
        if self._request is not None:
            self._request.on_connected = ignore
        if self._upstream is not None:
            self._upstream.close()
            if self._has_headers:
                self._surroundings.mark("upstream_closed")

    def release(self) -> None:
        """The answer is complete: the connection may be used again."""
        if self._upstream is not None:
            self._upstream.release()

    # What differs between operations.

    @abstractmethod
    def begin(self) -> None:
        """The headers of a proper answer are in."""

    @abstractmethod
    def receive(self, data: bytes) -> bool:
        """Some of a proper answer's body has come, or its end (b""). Returns whether there is something to send to the
        client. Raises the SealinkError that came instead."""

    @property
    def awaits_content(self) -> bool:
        """Whether the content has not begun for which `first_content_s` is allowed."""
        return True

    @property
    def has_begun(self) -> bool:
        """Whether the answer has begun, so that `idle_s` counts: some upstreams send status 200 and think then."""
        return bool(self._received.size)

    # The request goes out, the answer comes in.

    async def _sign(self, request: UpstreamRequest, signer: Signer) -> None:
        try:
            signature = await signer.sign(request.method, request.url, request.headers, request.body)
        except SealinkError as error:
            self._end(error)
        else:
            request.headers = [*request.headers, *signature]
            self._send(request)

    def _send(self, request: UpstreamRequest) -> None:
        self._request = request
        try:
            upstream = self._surroundings.pool.start(request, connect_s=self.target.timeouts.connect_s)
        except SealinkError as error:
            self._end(error)
        else:
            self._upstream = upstream
            upstream.on_news = self._news

    def _connected(self) -> None:
        self.was_sent = True
        self._surroundings.mark("connected")

    def _news(self) -> None:
        """Something has come. Once the answer has begun, others listen."""
        if self._on_end is None:
            return
        try:
            has_answered = self._read()
        except SealinkError as error:
            self._end(error)
        except Exception:
            log.exception("%s: an answer of %s could not be read.", self.request.request_id, self.target.provider.name)
            self._end(InternalError("SeaLink has failed on this answer."))
        else:
            if has_answered:
                self._end(None)

    def _read(self) -> bool:
        upstream = self._upstream
        assert upstream is not None
        status = upstream.status
        self._heard_at = self._surroundings.timers.now()
        if status and not self._has_headers:
            self._take_headers(status)
        if status != 200:
            self._read_refusal(upstream)
            return False
        while (data := upstream.read_now()) is not None:
            if self.receive(data):
                return True
        return False

    def _take_headers(self, status: int) -> None:
        self._has_headers = True
        if self._request is not None:
            self._request.on_connected = ignore  # no cycle: memory is free at once, not at the next collection
        self._surroundings.mark("headers")
        if status == 200:
            self.begin()

    def _read_refusal(self, upstream: UpstreamResponse) -> None:
        """There is no proper answer. Raises the SealinkError, when it is whole."""
        while (data := upstream.read_now()) is not None:
            if not data:
                raise self._rejection(upstream.status, upstream.headers, self._received.whole())
            self._received.add(data)

    def _rejection(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        if status not in ERROR_STATUSES:
            return unexpected_status(status, headers, body)
        provider = self.target.provider
        return normalized_error(provider.dialect.read_error(status, headers, body), provider.profile)

    def _end(self, error: SealinkError | None) -> None:
        on_end = self._on_end
        self._on_end = None
        if self._timer is not None:
            self._timer.cancel()
        if on_end is not None:
            on_end(None if error is None else self._told(error))

    def _told(self, error: SealinkError) -> SealinkError:
        return error if self._request is None and self._words is None else self.words.told(error)

    def forget_request(self) -> None:
        """The answer has begun: its request is not sent again, and may be large."""
        self._request = None
        self.outgoing.body = b""

    def _stop_waiting(self) -> None:
        self._on_end = None
        if self._timer is not None:
            self._timer.cancel()

    # Its time. One timer for all limits: they are looked at when the shortest of them could be over.

    def _start_timer(self) -> None:
        timers, timeouts = self._surroundings.timers, self.target.timeouts
        self._started_at = self._heard_at = now = timers.now()
        self._total_at = now + self.request.time_left_s(self.target)
        soonest_at = min(now + timeouts.first_content_s, now + timeouts.idle_s, self._total_at)
        self._timer = timers.call_at(soonest_at, self._check_time)

    def _check_time(self) -> None:
        timers = self._surroundings.timers
        timer, limit_s, due_at = min(self._limits(), key=itemgetter(2))
        if timers.now() < due_at:
            self._timer = timers.call_at(due_at, self._check_time)
        else:
            self._end(timed_out(timer, limit_s))

    def _limits(self) -> Iterator[tuple[str, float, float]]:
        """The limits that hold now: name, seconds, and the time when each is reached."""
        timeouts = self.target.timeouts
        if self.awaits_content:
            yield "first_content", timeouts.first_content_s, self._started_at + timeouts.first_content_s
        if self.has_begun:
            yield "idle", timeouts.idle_s, self._heard_at + timeouts.idle_s
        yield "total", timeouts.total_s, self._total_at


A = TypeVar("A", bound=Attempt)
A_co = TypeVar("A_co", bound=Attempt, covariant=True)


class Operation(Protocol[A_co]):
    """How a request is written, and its answer read: a streamed.StreamOperation or a whole.WholeOperation."""

    def attempt(self, request: ClientRequest, target: Target, surroundings: Surroundings) -> A_co:
        """Raises InvalidRequest: this target does not support the request."""


def _unsupported(dropped: Sequence[str], target: Target) -> InvalidRequest:
    names = ", ".join(f"`{name}`" for name in dropped)
    return InvalidRequest(
        f"The provider {target.provider.name!r} does not support {names}, and this request or its key is `strict`: "
        "no parameter may be dropped.",
        code="unsupported_parameter",
        param=dropped[0],
    )


def _upstream_request(target: Target, outgoing: OutgoingRequest, *, stream: bool) -> UpstreamRequest:
    provider = target.provider
    headers = _STREAM_HEADERS if stream else _WHOLE_HEADERS
    return UpstreamRequest(
        "POST",
        joined_url(provider.base_url, outgoing.path),
        (*headers, *provider.headers, *outgoing.headers),
        outgoing.body,
        provider.name,
    )


@lru_cache(maxsize=256)
def joined_url(base_url: str, path: str) -> str:
    """The URL of a path below a provider's address. Both may have a query: the address's is kept, but for parameters
    that the path sets itself."""
    if "?" not in base_url:  # nearly always
        return base_url.rstrip("/") + path
    address, _, given = base_url.partition("?")
    path, _, own = path.partition("?")
    names = {pair.partition("=")[0] for pair in own.split("&")}
    kept = [pair for pair in given.split("&") if pair and pair.partition("=")[0] not in names]
    query = "&".join([*kept, own] if own else kept)
    return address.rstrip("/") + path + (f"?{query}" if query else "")
