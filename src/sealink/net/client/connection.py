"""One socket to one origin: a request out, its response in, one after the other.

opening ──▶ busy ◀──▶ idle ──▶ closed
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

import httptools

from sealink.errors import SealinkError
from sealink.net.client.failure import closed, malformed, truncated, upstream_failure
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.response import Response


class Connection(asyncio.Protocol):
    """`on_idle` is called when the connection may be used again, `on_lost` when it is gone.

    `peer` names the other end in error messages: while a tunnel through a proxy is opened, the proxy.
    """

    def __init__(
        self,
        limits: UpstreamLimits,
        on_idle: Callable[["Connection"], None],
        on_lost: Callable[["Connection"], None],
    ) -> None:
        self.peer = ""
        self.idle_since = 0.0
        self._limits = limits
        self._on_idle = on_idle
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None
        self._on_stale: Callable[[], None] | None = None
        self._answers = 0
        self._sent_at = 0.0
        self._head_bytes = 0

    def __repr__(self) -> str:
        state = "closed" if not self.is_open else "busy" if self._response is not None else "idle"
        return f"<Connection to {self.peer}, {state}, {self._answers} answered>"

    @property
    def is_open(self) -> bool:
        transport = self._transport
        return transport is not None and not transport.is_closing()

    async def start_tls(self, context: ssl.SSLContext, server_name: str, timeout_s: float) -> None:
        """Speak TLS from here on; inside the TLS with a proxy, if there is one."""
        if self._transport is None or not self.is_open:  # the other end spoke first, or has gone
            raise ConnectionResetError
        secured = await self._loop.start_tls(
            self._transport, self, context, server_hostname=server_name, ssl_handshake_timeout=timeout_s
        )
        self._transport = cast(asyncio.Transport, secured)

    def start(
        self, response: Response, head: bytes, body: bytes = b"", on_stale: Callable[[], None] | None = None
    ) -> None:
        """Send a request; what comes of it goes to `response`.

        `on_stale` is called instead where this kept connection is closed before any byte of an answer: the request may
        be sent once more, on another one.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            response.break_off(closed(self.peer))
            return
        transport.writelines((head, body) if body else (head,))
        response.sent_over(transport, self.peer, self._feed_rest)
        self._response = response
        self._on_stale = on_stale
        self._head_bytes = 0
        self._sent_at = self._loop.time()

    async def send(self, method: str, head: bytes, body: bytes = b"") -> Response:
        """Send a request; returns when the response's headers are in.

        Raises SealinkError, and then the connection is closed, as when the call is cancelled.
        """
        response = Response(self.peer, method, self._limits)
        self.start(response, head, body)
        await begun(response)
        return response

    async def open_tunnel(self, head: bytes) -> int:
        """Ask a proxy for a tunnel; returns the status. After a 2xx all that is sent goes to the origin."""
        response = await self.send("CONNECT", head)
        if response.surplus:
            raise malformed(self.peer, "something follows the opening of the tunnel")
        return response.status

    def abort(self) -> None:
        """Close at once, without a TLS shutdown that the other end could delay."""
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        if self._transport is not None:  # it was opened, and is not lost yet
            self._closed = self._closed or self._loop.create_future()
            await self._closed

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            self.abort()  # there is no request
            return
        if len(data) <= response.passable:
            goes_on = response.pass_on(data)
            if goes_on:  # nearly every read of a stream
                return
            if goes_on is not None:
                response.stop_forwarding()
                return
        self._feed(response, data)

    def _feed(self, response: Response, data: bytes) -> None:
        """Give the response what has come, whatever it is."""
        try:
            if response.feed(data):
                return
        except (SealinkError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            response.break_off(upstream_failure(error, self.peer, "exchange"))
            self.abort()
            return
        self._on_stale = None
        if not response.in_body:
            self._after_feed(response, len(data) - len(response.rest))
        response.deliver()

    def _feed_rest(self) -> None:
        """The next turn's share of a read that was more than one turn may handle."""
        response = self._response
        if response is not None and response.rest:
            data, response.rest = response.rest, b""
            self.data_received(data)
            response.read_on()

    def _feed_all(self) -> None:
        """The connection ends: what has come before that counts."""
        while self._response is not None and self._response.rest:
            self._feed_rest()

    def _after_feed(self, response: Response, size: int) -> None:
        """Outside a body: the response is over, or its headers are still coming."""
        self._head_bytes += size
        if response.complete:
            self._finish(response)
        elif self._head_bytes > self._limits.max_header_bytes:
            limit = self._limits.max_header_bytes
            response.break_off(malformed(self.peer, f"its headers are longer than {limit} bytes"))
            self.abort()

    def _finish(self, response: Response) -> None:
        if response.method == "CONNECT":
            self._response = None  # the connection is still being opened
        elif response.keep_alive and not response.surplus and self.is_open and self._is_all_sent():
            self._response = self._on_stale = None  # nothing of an exchange is kept by a connection that waits
            self._answers += 1
            self._on_idle(self)
        else:
            self.abort()

    def _is_all_sent(self) -> bool:
        """Whether the whole request has gone out: an early answer may leave some of it behind."""
        return self._transport is not None and not self._transport.get_write_buffer_size()

    def eof_received(self) -> None:
        self._feed_all()
        response = self._response
        if response is not None and response.status:
            response.end_of_stream()
        else:
            self._fail(None)
        self.abort()  # a TLS transport would wait for the other end's shutdown

    def connection_lost(self, exc: Exception | None) -> None:
        self._feed_all()
        self._fail(exc)
        self._transport = self._response = self._on_stale = None
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        self._on_lost(self)

    def _fail(self, cause: Exception | None) -> None:
        """The socket was closed, or has failed with `cause`."""
        response = self._response
        if response is None:
            return
        if not response.status and self._on_stale is not None and not response.is_over and self._is_stale():
            self._response = None
            self._on_stale()
        elif cause is not None:
            response.break_off(upstream_failure(cause, self.peer, "exchange"))
        else:
            response.break_off(truncated(self.peer) if response.status else closed(self.peer))

    def _is_stale(self) -> bool:
        is_soon = self._loop.time() - self._sent_at <= self._limits.stale_within_s
        return bool(self.idle_since) and not self._head_bytes and is_soon


async def begun(response: Response) -> None:
    """Returns when the headers of `response` are in. If they do not come, or if this is cancelled, it is closed."""
    is_under_way = False
    try:
        await response.begin()
        is_under_way = True
    finally:
        if not is_under_way:
            response.close()  # if it is complete, the connection may already be another request's
