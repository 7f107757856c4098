"""An attempt: one request to one target. What differs between operations is passed in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from sealink import __version__
from sealink.errors import HeaderList, InvalidRequest, SealinkError
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.upstream_words import UpstreamWords, unexpected_status
from sealink.gateway.failover.whole_body import read_whole
from sealink.ledger.timeline import Moment
from sealink.net.message import Pool, UpstreamRequest, UpstreamResponse
from sealink.policy.routing import Target
from sealink.providers.transforms import normalized_error
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.stream.outcome import Outcome

WriteRequest = Callable[[ClientRequest, Target], OutgoingRequest]
"""Writes a request as a target wants it. Raises InvalidRequest: this target does not support it."""

Mark = Callable[[Moment], None]
"""Notes that something has just happened, for the request's timeline."""

ERROR_STATUSES: Final = range(400, 600)

_USER_AGENT: Final = ("user-agent", f"sealink/{__version__}")


class Attempt(ABC):
    """Writes the request when it is made, and owns its upstream connection from `answer` to `close` or `release`.

    `outcome` is what was learned about the answer; of one that is not streamed, once it is there. `was_sent`: the
    request has gone out, so that it may be charged for.
    """

    def __init__(
        self, write_request: WriteRequest, request: ClientRequest, target: Target, pool: Pool, mark: Mark
    ) -> None:
        self.request = request
        self.target = target
        self.outgoing = write_request(request, target)
        if request.is_strict and self.outgoing.dropped:
            raise _unsupported(self.outgoing.dropped, target)
        self.outcome = Outcome()
        self.was_sent = False
        self._pool = pool
        self._mark = mark
        self._upstream: UpstreamResponse | None = None
        self._words: UpstreamWords | None = None

    @property
    def upstream(self) -> UpstreamResponse:
        assert self._upstream is not None
        return self._upstream

    async def answer(self) -> None:
        """Returns when there is something to send to the client. Raises the SealinkError that came instead, as the
        client may read it."""
        try:
            await self.receive()
        except SealinkError as error:
            raise self._words.told(error) if self._words else error from error.__cause__

    @abstractmethod
    async def receive(self) -> None:
        """What `answer` does, by the operation."""

    def close(self) -> None:
        """Give up what is still under way, at once."""
        if self._upstream is not None:
            self._upstream.close()
            self._mark("upstream_closed")

    def release(self) -> None:
        """The answer is complete: the connection may be used again."""
        self.upstream.release()

    async def send(self) -> None:
        """Send the request; returns when the headers of a proper answer are in. Raises the SealinkError instead."""
        request = _upstream_request(self.target, self.outgoing, stream=self.request.head.stream)
        request.on_connected = self._connected
        signer = self.target.provider.signer
        if signer is not None:
            signature = await signer.sign(request.method, request.url, request.headers, request.body)
            request.headers = [*request.headers, *signature]
        self._words = UpstreamWords(self.target.provider, request)
        upstream = self._upstream = await self._pool.send(request, connect_s=self.target.timeouts.connect_s)
        self._mark("headers")
        if upstream.status != 200:
            raise self._rejection(upstream.status, upstream.headers, await read_whole(upstream, self._idle_s))

    @property
    def _idle_s(self) -> float:
        return self.target.timeouts.idle_s

    def _rejection(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        if status not in ERROR_STATUSES:
            return unexpected_status(status, headers, body)
        provider = self.target.provider
        return normalized_error(provider.dialect.read_error(status, headers, body), provider.profile)

    def _connected(self) -> None:
        self.was_sent = True
        self._mark("connected")


A = TypeVar("A", bound=Attempt)
A_co = TypeVar("A_co", bound=Attempt, covariant=True)


class Operation(Protocol[A_co]):
    """How a request is written, and its answer read: a streamed.StreamOperation or a whole.WholeOperation."""

    def attempt(self, request: ClientRequest, target: Target, pool: Pool, mark: Mark) -> A_co:
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
    return UpstreamRequest(
        method="POST",
        url=joined_url(provider.base_url, outgoing.path),
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
