"""An upstream on loopback that replays answers as a test wants them, and remembers what it saw.

    with ReplayingUpstream(lambda request: Answer(body)) as upstream:
        …                       # talk to upstream.url
        upstream.exchanges[0].request.json

It runs in a thread of its own, so that a test may block. Times are of time.monotonic().
"""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Literal, Self
from urllib.parse import unquote

Framing = Literal["chunked", "length", "close"]
HeaderList = Iterable[tuple[str, str]]

_MODEL_IN_PATH = re.compile(r"/models?/(.+?)(?::\w*(?:[cC]ontent|Predict)|/converse(?:-stream)?)(?:\?|$)")

WHOLE, BYTE_BY_BYTE = (), (1,)


@dataclass(frozen=True)
class Answer:
    """What to send, and how.

    `framing`: HTTP chunks, a Content-Length, or neither: the end of the connection is the end of the body.
    `sizes`: of the pieces it is written in; the last one is repeated until the body is used up (WHOLE:
    one piece). `pace_s` is waited before each piece, and before the connection is cut. `held_at`: nothing is
    sent from this byte on (-1: not even the headers) before the test says `release()`. `cut_at`: the connection
    is closed after so many bytes of the body, as if the upstream had died.
    """

    body: bytes
    status: int = 200
    headers: HeaderList = (("content-type", "text/event-stream; charset=utf-8"),)
    framing: Framing = "chunked"
    sizes: Sequence[int] = WHOLE
    pace_s: float = 0
    held_at: int | None = None
    cut_at: int | None = None

    def pieces(self) -> Iterator[bytes]:
        """The body as it is written: no piece goes past the byte where the answer is held or cut."""
        end = len(self.body) if self.cut_at is None else self.cut_at
        sizes = chain(self.sizes, repeat(self.sizes[-1])) if self.sizes else repeat(max(end, 1))
        begin = 0
        for size in sizes:
            if begin >= end:
                return
            stop = min(begin + size, end)
            if self.held_at is not None and begin < self.held_at < stop:
                yield self.body[begin : self.held_at]
                begin = self.held_at
            yield self.body[begin:stop]
            begin = stop


@dataclass(frozen=True)
class Request:
    """A request as the upstream got it. Header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def model(self) -> str:
        """From the body, or from the path where the dialect has it there (Gemini, Bedrock)."""
        if found := _MODEL_IN_PATH.search(self.path):
            return unquote(found[1])
        return str(self.json["model"])


class Exchange:
    """One request and how far its answer got.

    `gone_at`: when the peer closed the connection while the answer was still being sent.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.received_at = time.monotonic()
        self.sent = 0
        self.complete = False
        self.gone_at: float | None = None
        self.held = threading.Event()
        self.ended = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        self._released = False

    def release(self) -> None:
        """Let a held answer go on."""
        self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._released = True
        self._moved.set()

    def peer_left(self) -> None:
        if self.gone_at is None and not self.ended.is_set():
            self.gone_at = time.monotonic()
            self._moved.set()

    async def hold(self) -> None:
        """Until released, or the peer has gone."""
        self.held.set()
        while not (self._released or self.gone_at):
            self._moved.clear()
            await self._moved.wait()


class _Wire(asyncio.StreamReaderProtocol):
    """A connection that notes the moment at which its peer closes it, whatever is being read or written."""

    def __init__(self, upstream: "ReplayingUpstream") -> None:
        self.exchange: Exchange | None = None
        self._upstream = upstream
        super().__init__(asyncio.StreamReader(limit=2**20), self._connected)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        if size := self._upstream.send_buffer_bytes:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        self._upstream.connections.add(self)
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        self._left()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.connections.discard(self)
        self._left()
        super().connection_lost(exc)

    def _left(self) -> None:
        if self.exchange is not None:
            self.exchange.peer_left()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._upstream.connections_seen += 1
        writer.transport.set_write_buffer_limits(0)  # drain() then means: the kernel has it
        try:
            while await self._upstream.exchange(self, reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class ReplayingUpstream:
    """Answers each request with what `answer` says. `exchanges` are in the order the requests came in.

    `send_buffer_bytes` keeps small what the kernel takes of an answer that nobody reads.
    """

    def __init__(self, answer: Callable[[Request], Answer], *, send_buffer_bytes: int | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self.connections: set[_Wire] = set()
        self.connections_seen = 0
        self.send_buffer_bytes = send_buffer_bytes
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="replaying upstream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(self._loop.create_server(lambda: _Wire(self), "127.0.0.1", 0, backlog=1024))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def release_all(self) -> None:
        for exchange in list(self.exchanges):
            exchange.release()

    @property
    def busy(self) -> int:
        """How many answers are still being sent."""
        return sum(not exchange.ended.is_set() for exchange in list(self.exchanges))

    def wait(self, true: Callable[[], object], timeout_s: float = 10) -> None:
        """Until `true()`, which is asked every few milliseconds."""
        deadline = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError("the upstream did not see what the test waits for")
            time.sleep(0.005)

    async def exchange(self, wire: _Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer. Whether the connection may carry another one."""
        request = await _read_request(reader)
        if request is None:
            return False
        wire.exchange = exchange = Exchange(request)
        self.exchanges.append(exchange)
        try:
            await _send(self._answer(request), exchange, writer)
        finally:
            exchange.ended.set()
        return exchange.complete and not writer.is_closing()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _shut(self) -> None:
        self._server.close()
        for wire in list(self.connections):
            wire.transport.abort()
        while self.connections:
            await asyncio.sleep(0)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def _send(answer: Answer, exchange: Exchange, writer: asyncio.StreamWriter) -> None:
    if answer.held_at == -1:
        await exchange.hold()
    writer.write(_head(answer))
    for piece in answer.pieces():
        if exchange.sent == answer.held_at:
            await exchange.hold()
        if answer.pace_s:
            await asyncio.sleep(answer.pace_s)
        if exchange.gone_at:
            return
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.framing == "chunked" else piece)
        await writer.drain()
        exchange.sent += len(piece)
    if exchange.sent == answer.held_at:
        await exchange.hold()
    if answer.cut_at is not None and answer.pace_s:
        await asyncio.sleep(answer.pace_s)
    if answer.framing == "chunked" and answer.cut_at is None:
        writer.write(b"0\r\n\r\n")
    exchange.complete = exchange.gone_at is None and answer.framing != "close" and answer.cut_at is None


def _head(answer: Answer) -> bytes:
    framing = {
        "chunked": "transfer-encoding: chunked",
        "length": f"content-length: {len(answer.body)}",
        "close": "connection: close",
    }
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"HTTP/1.1 {answer.status} Replayed\r\n{headers}{framing[answer.framing]}\r\n\r\n".encode("latin-1")
