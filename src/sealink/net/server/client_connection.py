"""One client's connection: from bytes to requests, which go to the handler one at a time; refusals and timers."""

import asyncio
from typing import Final, Protocol, cast

from sealink.errors import HeaderList, RequestTimeout, SealinkError
from sealink.net.message import Request
from sealink.net.server.buffered_bytes import BufferedBytes
from sealink.net.server.limits import ServerLimits
from sealink.net.server.request_parser import RequestParser
from sealink.net.server.response_writer import CONTINUE, ResponseWriter

_PARSE_BYTES: Final = 16 * 1024
"""How much is parsed before it is looked whether there is room for more requests."""


class Service(Protocol):
    """What a connection needs of its server."""

    limits: ServerLimits
    buffered: BufferedBytes
    stopping: bool
    breaking_off: bool
    """The shutdown grace is over: handlers have been cancelled already, and are not cancelled again."""

    def opened(self, connection: "ClientConnection") -> None: ...
    def closed(self, connection: "ClientConnection") -> None: ...
    def check_head(self, request: Request, /) -> int: ...
    def refuse(self, error: SealinkError, request: Request, /) -> tuple[HeaderList, bytes]: ...
    def handle(self, request: Request, response: ResponseWriter) -> asyncio.Task[None] | None: ...
    def let_go(self, response: ResponseWriter, bug: Exception | None) -> None: ...


class ClientConnection(asyncio.Protocol):
    """One client's connection: what has come in and waits its turn, and the response being written.

    It is idle, receiving a request, answering one (`_response`), or lingering after the last.
    """

    def __init__(self, server: Service) -> None:
        self._server = server
        self._limits = server.limits
        self._parser = RequestParser(server.limits.max_header_bytes, server.check_head, server.buffered)
        self._waiting: list[Request] = []
        self._unparsed = b""
        self._response: ResponseWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._lingering = False
        self._write_paused = False

    @property
    def unsent_bytes(self) -> int:
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:  # asyncio's TLS transport, closed twice and not lost yet
            return 0

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        self._transport.set_write_buffer_limits(self._limits.max_unsent_bytes, self._limits.max_unsent_bytes // 2)
        address = transport.get_extra_info("peername")
        self._parser.peer = address[0] if isinstance(address, tuple) else ""  # over a Unix socket there is none
        self._since = self._read_at = self._loop.time()  # when it came into this state; when the client last read
        self._unsent = 0
        self._server.opened(self)
        if self._server.stopping and not self._limits.keep_alive_grace_s:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._unparsed:
            self._unparsed += data
        elif not self._lingering:
            self._parse(data)

    def eof_received(self) -> None:
        # A client that has shut down its sending side looks just like one that has gone, until a write fails, which
        # may be a minute of paid tokens later. So it counts as gone, as for nginx (proxy_ignore_client_abort off: 499).
        self._client_left()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client_left()
        self._parser.close()
        self._response = self._task = None
        self._server.closed(self)

    def pause_writing(self) -> None:
        self._write_paused = True
        if self._response is not None:
            self._response.pause()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._response is not None:
            self._response.resume()
        else:
            self._advance()

    # What the server calls.

    def wind_down(self) -> None:
        """The server stops: an open request is still answered, and is the last, unless its client has been told already
        that it may send another."""
        if self._response is None:
            self._since = self._loop.time()
            self._advance()
        elif not (self._response.started and self._limits.keep_alive_grace_s):
            self._response.keep_alive = False

    def break_off(self, error: SealinkError) -> None:
        """The shutdown grace is over: a request that is not whole yet is refused, an idle connection closed."""
        if self._parser.receiving:
            self._refuse(error)
        elif self._response is None and not self._waiting and not self._lingering:
            self._transport.close()

    def cut(self) -> None:
        """Drop the connection as it is."""
        self._client_left()
        self._transport.abort()

    def check_timers(self, now: float) -> None:
        """Close or refuse what has taken too long. `now` is the loop's time in seconds."""
        if self._lingering:
            self._check_lingering(now)
        elif self._response is None and not self._waiting:
            self._check_arrival(now - self._since)
        self._check_reading(now)

    def _check_arrival(self, waited_s: float) -> None:
        limits = self._limits
        if self._parser.receiving:
            if waited_s > limits.request_timeout_s:
                self._refuse(RequestTimeout(f"The request did not arrive within {limits.request_timeout_s:g} seconds."))
        elif waited_s > (limits.keep_alive_grace_s if self._server.stopping else limits.keep_alive_s):
            self._transport.close()

    def _check_lingering(self, now: float) -> None:
        if self.unsent_bytes:
            self._since = now
        elif now - self._since > self._limits.linger_s:
            self._transport.abort()

    def _check_reading(self, now: float) -> None:
        """Drop a client that reads nothing of what waits for it. While a handler may write, growth proves nothing."""
        unsent = self.unsent_bytes
        may_grow = self._response is not None and not self._write_paused
        if unsent == 0 or unsent < self._unsent or may_grow:
            self._read_at = now
        elif now - self._read_at > self._limits.slow_client_s:
            if self._response is not None:
                self._response.too_slow = True
            self._transport.abort()
        self._unsent = unsent

    # From bytes to requests, and from each to the next.

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        was_receiving = parser.receiving
        if len(data) <= _PARSE_BYTES and not self._waiting:  # nearly always
            self._waiting = parser.feed(data)
        else:
            self._parse_in_pieces(data)
        if parser.receiving and not was_receiving:
            self._since = self._loop.time()
        self._advance()

    def _parse_in_pieces(self, data: bytes) -> None:
        for begin in range(0, len(data), _PARSE_BYTES):
            if begin >= self._limits.max_bytes_per_turn or not self._has_room():
                self._unparsed = data[begin:]
                self._transport.pause_reading()
                self._loop.call_soon(self._parse_rest)
                break
            self._waiting.extend(self._parser.feed(data[begin : begin + _PARSE_BYTES]))

    def _has_room(self) -> bool:
        waiting = self._waiting
        if not waiting:
            return True
        bodies = sum([len(request.body) for request in waiting])
        return len(waiting) < self._limits.max_pipelined and bodies < self._limits.max_pipelined_bytes

    def _advance(self) -> None:
        """Go on to whatever is next in line."""
        if self._response is not None or self._lingering or self._transport.is_closing():
            return
        if self._waiting:
            if not self._write_paused:
                self._begin(self._waiting.pop(0))
        elif self._parser.refusal is not None:
            self._answer_refusal(self._parser.refusal)
        elif self._parser.awaits_continue:
            self._parser.awaits_continue = False
            self._transport.write(CONTINUE)
        elif self._server.stopping and not self._parser.receiving and not self._limits.keep_alive_grace_s:
            self._transport.close()

    def _begin(self, request: Request) -> None:
        if self._server.stopping:
            request.keep_alive = False
        server = self._server
        self._response = response = ResponseWriter(self._transport, request, self._response_ended, server.let_go)
        self._task = server.handle(request, response)
        if self._unparsed:
            self._parse_rest()

    def _parse_rest(self) -> None:
        """Go on with what came beyond the limits of requests in line, and of a turn of the loop."""
        if self._unparsed and self._has_room():
            data, self._unparsed = self._unparsed, b""
            self._transport.resume_reading()
            self._parse(data)

    def _response_ended(self) -> None:
        assert self._response is not None
        reusable = self._response.keep_alive
        self._response = self._task = None
        self._since = self._loop.time()
        if not reusable:
            self._close()
        elif self._waiting:
            self._loop.call_soon(self._advance)  # a client that has sent many requests must not be served before others
        else:
            self._advance()

    def _refuse(self, error: SealinkError) -> None:
        self._parser.refuse(error)
        self._advance()

    def _answer_refusal(self, error: SealinkError) -> None:
        request = self._parser.request
        request.keep_alive = False
        headers, body = self._server.refuse(error, request)
        self._response = response = ResponseWriter(self._transport, request, self._response_ended)
        response.send(error.status, headers, body)

    def _close(self) -> None:
        """Close when everything has been sent; not before the client has stopped sending, if it has more to say."""
        if self._parser.refusal is None and not self._parser.receiving and not self._unparsed:
            self._transport.close()
            return
        self._lingering = True
        self._drop_unanswered()
        self._transport.resume_reading()
        if self._transport.can_write_eof():  # not over TLS
            self._transport.write_eof()

    def _drop_unanswered(self) -> None:
        """Forget what has come and is not with the handler."""
        self._server.buffered.held -= sum([len(request.body) for request in self._waiting])
        self._waiting.clear()
        self._unparsed = b""

    def _client_left(self) -> None:
        self._drop_unanswered()
        response, task = self._response, self._task
        if response is None or response.gone:
            return
        response.leave()
        if self._server.breaking_off:
            return
        if response.owner is not None:
            response.owner.client_gone()
        elif task is not None:
            task.cancel()
