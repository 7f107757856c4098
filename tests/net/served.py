"""A server on loopback and a client that says exactly the bytes it is told to, for the tests of net/server.

@on_both_loops
async def test_…():
    async with serving(handler, keep_alive_s=0.1) as served:
        client = await served.connect()
        client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await client.response()).status == 200
"""

import asyncio
import inspect
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from sealink.errors import HeaderList, SealinkError
from sealink.net.message import Request, Responder
from sealink.net.server import Handler, Server, ServerLimits

try:
    import uvloop
except ImportError:  # no build for this platform
    LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio")]
else:
    LOOPS = [
        pytest.param(asyncio.new_event_loop, id="asyncio"),
        pytest.param(uvloop.new_event_loop, id="uvloop"),
    ]

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
PATIENCE_S = 30.0
BODY_LIMIT = 100_000


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make a test of an async function, run once on each event loop that there is."""

    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(asyncio.wait_for(test(**kwargs), PATIENCE_S))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    loop_factory = inspect.Parameter("loop_factory", inspect.Parameter.KEYWORD_ONLY)
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(test).parameters.values()
    ]
    run.__signature__ = inspect.Signature([loop_factory, *parameters])  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop_factory", LOOPS)(run)


class Owner:
    """Answers by callbacks, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def client_gone(self) -> None:
        self.told.append("gone")

    def client_ready(self) -> None:
        self.told.append("ready")

    def shut_down(self) -> None:
        self.told.append("stop")


async def echo(request: Request, responder: Responder) -> None:
    """Answers with what it was asked."""
    asked = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": request.body.decode("latin-1"),
        "peer": request.peer,
    }
    responder.send(200, [("content-type", "application/json")], json.dumps(asked).encode())


def error_response(error: SealinkError, request: Request) -> tuple[HeaderList, bytes]:
    body = {"type": error.type, "code": error.code, "message": error.message, "path": request.path}
    return [("content-type", "application/json"), *error.headers], json.dumps(body).encode()


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Says bytes, reads responses one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def send_slowly(self, pieces: list[bytes], pause_s: float = 0) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await asyncio.sleep(pause_s)

    def send_eof(self) -> None:
        self._writer.write_eof()

    async def ask(self, data: bytes, *, head_only: bool = False) -> Response:
        self.send(data)
        return await self.response(head_only=head_only)

    async def response(self, *, head_only: bool = False) -> Response:
        response = await self.head()
        if head_only or response.status in (100, 204, 304):
            return response
        if response.headers.get("transfer-encoding") == "chunked":
            while chunk := await self.chunk():
                response.chunks.append(chunk)
            response.body = b"".join(response.chunks)
        elif "content-length" in response.headers:
            response.body = await self._reader.readexactly(int(response.headers["content-length"]))
        else:
            response.body = await self.rest()
        return response

    async def head(self) -> Response:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        assert version == "HTTP/1.1"
        names = [line.partition(": ")[0] for line in lines]
        assert len(set(names)) == len(names), f"a header twice: {names}"
        return Response(int(status), {name: value for name, _, value in (line.partition(": ") for line in lines)})

    async def chunk(self) -> bytes:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        return (await self._reader.readexactly(size + 2))[:-2]

    async def read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection, which must come."""
        return await self._reader.read()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Leave without a goodbye: RST instead of FIN."""
        self._writer.transport.abort()

    @property
    def port(self) -> int:
        return int(self._writer.get_extra_info("sockname")[1])


@dataclass
class Served:
    server: Server
    address: tuple[str, int]
    clients: list[Client] = field(default_factory=list)

    async def connect(self, *, receive_buffer: int | None = None) -> Client:
        """A new client; `receive_buffer` keeps its kernel from taking much that it has not read itself."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, self.address)
        except OSError:
            sock.close()
            raise
        client = Client(*await asyncio.open_connection(sock=sock, limit=16 * 1024))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes) -> Response:
        """One request on a connection of its own."""
        client = await self.connect()
        response = await client.ask(data)
        client.close()
        return response

    async def settle(self, connections: int = 0) -> None:
        """Wait until the server has no more than so many connections, and no request, open."""
        while self.server.connections > connections or self.server.open_requests:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(
    handler: Handler = echo, *, check_head: Callable[[Request], int] = lambda request: BODY_LIMIT, **limits: Any
) -> AsyncIterator[Served]:
    """A server with small limits that must end with nothing open and nothing unhandled."""
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    allowed = ServerLimits(**{"keep_alive_grace_s": 0.0, **limits})
    server = Server(handler, limits=allowed, check_head=check_head, error_response=error_response)
    served = Served(server, (await server.start("127.0.0.1", 0))[0])
    try:
        yield served
    finally:
        for client in served.clients:
            client.close()
        await server.stop(0)
    assert (server.connections, server.open_requests, server.unsent_bytes, server.buffered.held) == (0, 0, 0, 0)
    assert unhandled == []


class Gate:
    """A handler that tells when it has been entered and left, and answers when it is let."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.paths: list[str] = []

    async def __call__(self, request: Request, responder: Responder) -> None:
        self.paths.append(request.path)
        self.entered.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        await echo(request, responder)
