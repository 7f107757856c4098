"""The HTTP/1.1 server: connections in, each request to the handler, responses out in order.

    bytes ─▶ ClientConnection ─▶ RequestParser ─▶ requests, in line ─▶ handler(request, ResponseWriter) ─▶ bytes
                 │                      └─ refusal: answered in its turn; the connection lingers and closes
                 └─ the client leaves: the handler's task is cancelled, or the response's owner is told

One request of a connection is with its handler at a time. Meanwhile the connection is read on, because
only a reader learns that the client has left.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from sealink.errors import HeaderList, InternalError, SealinkError, ShuttingDown
from sealink.net.message import Request, Responder
from sealink.net.server.buffered_bytes import BufferedBytes
from sealink.net.server.client_connection import ClientConnection
from sealink.net.server.limits import ServerLimits
from sealink.net.server.response_writer import ResponseWriter
from sealink.net.server.tls import ServerTls

Handler = Callable[[Request, Responder], Coroutine[Any, Any, None] | None]
"""Answers a request: at once, in the coroutine that it returns, or by an owner that it has the response held by."""
ErrorResponse = Callable[[SealinkError, Request], tuple[HeaderList, bytes]]

_log = logging.getLogger(__name__)


class Server:
    """Serves `handler` over HTTP/1.1 and HTTP/1.0.

    `check_head(request)` is called when the head of a request is in that has a body: it gives the largest body in
    bytes, or raises the SealinkError that refuses the request unread. `error_response(error, request)` renders a
    failure; of the request, what is known is set. `refuse` is called instead of it for a request that is refused before
    it is whole.
    If a handler raises a SealinkError before it has started its response, that is the answer. Anything else that it
    raises, and a response left unfinished, is a bug: it is logged, and the client gets a 500 or a cut connection.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        limits: ServerLimits,
        check_head: Callable[[Request], int],
        error_response: ErrorResponse,
        refuse: ErrorResponse | None = None,
    ) -> None:
        self.limits = limits
        self.check_head = check_head
        self.refuse = refuse or error_response
        self.buffered = BufferedBytes(limits.max_buffered_bytes)
        self._error_response = error_response
        self.stopping = self.breaking_off = False
        self._handler = handler
        self._listeners: list[asyncio.Server] = []
        self._connections: set[ClientConnection] = set()
        self._open: dict[ResponseWriter, asyncio.Task[None] | None] = {}
        """Responses that are being answered, and the tasks of those that have one."""
        self._sweep: asyncio.TimerHandle | None = None
        self._has_tls = False
        self._idle = asyncio.Event()
        self._hurried = asyncio.Event()
        self._grace: asyncio.Timeout | None = None

    def serve(
        self,
        handler: Handler,
        check_head: Callable[[Request], int],
        error_response: ErrorResponse,
        refuse: ErrorResponse,
    ) -> None:
        """Serve new requests by another handler from now on."""
        self._handler, self.check_head = handler, check_head
        self._error_response, self.refuse = error_response, refuse

    @property
    def connections(self) -> int:
        """Client connections that are open."""
        return len(self._connections)

    @property
    def open_requests(self) -> int:
        """Requests whose handler has not ended, or whose response has an owner."""
        return len(self._open)

    @property
    def unsent_bytes(self) -> int:
        """What waits in memory because clients read more slowly than it comes."""
        return sum([connection.unsent_bytes for connection in self._connections])

    async def start(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen, and return the addresses that were bound (port 0 takes a free one). May be called for several."""
        loop = asyncio.get_running_loop()
        limits = self.limits
        self._listening(await loop.create_server(self._connection, host or None, port, backlog=limits.backlog))
        return [listening.getsockname()[:2] for listening in self._listeners[-1].sockets]

    async def start_on(self, sockets: Sequence[socket.socket], tls: ServerTls | None = None) -> None:
        """Listen on sockets that are bound, of whatever kind. `stop` closes them."""
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {"backlog": self.limits.backlog}
        if tls is not None:
            self._has_tls = True
            options |= {
                "ssl": tls.context,
                "ssl_handshake_timeout": self.limits.tls_handshake_s,
                "ssl_shutdown_timeout": self.limits.tls_shutdown_s,
            }
        for each in sockets:
            is_unix = each.family == socket.AF_UNIX
            # create_unix_server would remove the socket's file, which may be another process's by then: asyncio's does,
            # uvloop's on Python 3.13 and newer (`cleanup_socket`, new in 3.13).
            plain = not is_unix or isinstance(loop, asyncio.BaseEventLoop)
            create = loop.create_server if plain else loop.create_unix_server
            own: dict[str, Any] = {} if plain else {"cleanup_socket": False}
            self._listening(await create(self._connection, sock=each, **options, **own))

    def _connection(self) -> ClientConnection:
        return ClientConnection(self)

    def _listening(self, listener: asyncio.Server) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners.append(listener)
        for listening in listener.sockets:
            if listening.family != socket.AF_UNIX and hasattr(socket, "TCP_NOTSENT_LOWAT"):
                listening.setsockopt(  # and what it accepts inherits it
                    socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, self.limits.max_unsent_in_kernel_bytes
                )
        if self._sweep is None:
            self._sweep_connections()

    async def stop(self, grace_s: float) -> None:
        """Stop in four steps: accept nothing, and close what is idle, after `keep_alive_grace_s`; wait for open
        responses, up to the shutdown grace `grace_s`; cancel the handlers that are left, which have `cancel_grace_s` to
        end their streams; cut the rest."""
        self.stopping = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.wind_down()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep_connections()
        if self._has_tls:  # who is in the middle of a handshake is in no list yet
            await self._hurried_within(min(self.limits.keep_alive_grace_s, grace_s))
        if not await self._idle_within(0 if self._hurried.is_set() else grace_s):
            self._break_off()
            if not await self._idle_within(self.limits.cancel_grace_s):
                await self._cut()
        if self._sweep is not None:
            self._sweep.cancel()

    def hurry(self) -> None:
        """End the shutdown grace now, if `stop` waits for it."""
        self._hurried.set()
        if self._grace is not None and not self.breaking_off:
            self._grace.reschedule(self._loop.time())

    def opened(self, connection: ClientConnection) -> None:
        self._connections.add(connection)

    def closed(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)
        self._notice_idle()

    def handle(self, request: Request, response: ResponseWriter) -> asyncio.Task[None] | None:
        """Give a request to the handler. Returns its task, if it needs one."""
        self._open[response] = None
        try:
            answering = self._handler(request, response)
        except Exception as error:  # noqa: BLE001 -- it is logged, or is the answer
            self._end(response, error)
            return None
        if answering is None:
            if response.owner is None:
                self._end(response, None)
            return None
        task = self._open[response] = self._loop.create_task(answering)
        task.add_done_callback(partial(self._task_done, response))
        return task

    def let_go(self, response: ResponseWriter, bug: Exception | None) -> None:
        """The owner of a response has ended."""
        self._end(response, bug)

    def _task_done(self, response: ResponseWriter, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._handled(response, ShuttingDown() if self.breaking_off else None)
        else:
            self._handled(response, task.exception())

    def _handled(self, response: ResponseWriter, error: BaseException | None) -> None:
        """The handler has ended. If the response has an owner, that goes on."""
        if response.owner is None:
            self._end(response, error)
        else:
            self._open[response] = None

    def _end(self, response: ResponseWriter, error: BaseException | None) -> None:
        """Whoever answered has ended."""
        if response not in self._open:
            return
        del self._open[response]
        self.buffered.held -= len(response.request.body)
        if error is not None or not response.ended:
            self._complete(response, error)
        if self.stopping:
            self._notice_idle()

    def _complete(self, response: ResponseWriter, error: BaseException | None) -> None:
        """End a response that its handler has not ended, and log a handler's bug."""
        unfinished = not (response.ended or response.gone)
        is_answer = isinstance(error, SealinkError) and not response.started
        if (error is not None or unfinished) and not (is_answer or self.breaking_off):
            _log.error("The handler of %s failed.", response.request.path, exc_info=error)
        if unfinished and response.started:
            response.abort()
        elif unfinished:
            answer = error if isinstance(error, SealinkError) else InternalError("SeaLink has failed on this request.")
            response.send(answer.status, *self._error_response(answer, response.request))

    def _sweep_connections(self) -> None:
        now = self._loop.time()
        for connection in list(self._connections):
            connection.check_timers(now)
        pause_s = self.limits.sweep_when_stopping_s if self.stopping else self.limits.sweep_s
        self._sweep = self._loop.call_later(pause_s, self._sweep_connections)

    def _break_off(self) -> None:
        self.breaking_off = True
        for connection in list(self._connections):
            connection.break_off(ShuttingDown())
        for response, task in list(self._open.items()):
            if response.ended:
                continue
            if response.owner is not None:
                response.owner.shut_down()
            elif task is not None:
                task.cancel()

    async def _cut(self) -> None:
        for connection in list(self._connections):
            connection.cut()
        for task in self._open.values():
            if task is not None:
                task.cancel()
        if not await self._idle_within(self.limits.cancel_grace_s):
            _log.warning("%d handlers did not end when they were cancelled.", len(self._open))

    async def _hurried_within(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._hurried.wait()

    async def _idle_within(self, timeout_s: float) -> bool:
        self._notice_idle()
        try:
            async with asyncio.timeout(timeout_s) as self._grace:
                await self._idle.wait()
        except TimeoutError:
            return False
        finally:
            self._grace = None
        return True

    def _notice_idle(self) -> None:
        if self.stopping and not self._connections and not self._open:
            self._idle.set()
