"""A loopback server that answers with scripted bytes in scripted pieces, and both event loops to run it on."""

import asyncio
import contextlib
import enum
import functools
import gc
import inspect
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
import uvloop

from sealink.errors import SealinkError
from sealink.net.client import UpstreamPool
from sealink.net.client.response import Response
from sealink.net.message import UpstreamRequest


class Act(enum.Enum):
    CLOSE = "close the connection"
    RESET = "reset the connection"
    HOLD = "go on when the test calls go_on()"


CLOSE, RESET, HOLD = Act
Answer = Sequence[bytes | Act]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs an async test on asyncio's loop and on uvloop, and sees that it leaves nothing behind."""

    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
    @functools.wraps(test)
    def on_loop(loop_factory: Callable[[], asyncio.AbstractEventLoop], **arguments: Any) -> None:
        gc.freeze()  # what was there before is not walked again and again
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_clean(test(**arguments)))
        gc.collect()  # an unclosed socket warns now, and warnings are errors

    own = inspect.signature(test).parameters.values()
    loop = inspect.Parameter("loop_factory", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    on_loop.__signature__ = inspect.Signature([loop, *own])  # type: ignore[attr-defined]
    return on_loop


async def _clean(test: Awaitable[None]) -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    sockets = open_sockets()
    await test
    await until(lambda: len(asyncio.all_tasks()) == 1)
    await until(lambda: open_sockets() == sockets)
    assert complaints == []


def open_sockets() -> int:
    """How many sockets this process has open. Where /proc does not tell, always 0."""
    if not os.path.isdir("/proc/self/fd"):
        return 0
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return count


async def until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Let the loop turn until `holds`."""
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.001)


class Upstream:
    """What was asked of the scripted server, and how its connections fared."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.accepted = 0
        self.open = 0
        self.port = 0
        self._may_go_on = asyncio.Event()
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat?key=secret"

    def go_on(self) -> None:
        self._may_go_on.set()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        self.accepted += 1
        self.open += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, RuntimeError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone (uvloop's transport says RuntimeError then), or the test is over
        finally:
            self.open -= 1
            self._conversations.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.requests.append(await parse_request(reader))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        watch = asyncio.ensure_future(reader.read(1))  # the client leaving ends the conversation at any point
        try:
            return await self._answer(answer, writer, watch)
        finally:
            await _cancelled(watch)

    async def _answer(self, answer: Answer, writer: asyncio.StreamWriter, watch: "asyncio.Future[bytes]") -> bool:
        for piece in answer:
            match piece:
                case Act.CLOSE:
                    return False
                case Act.RESET:
                    reset(writer)
                    return False
                case Act.HOLD:
                    await self._hold(watch)
                case bytes():
                    writer.write(piece)
                    for _ in range(3):  # turns of the loop, so that the client reads this piece alone
                        await asyncio.sleep(0)
        return True

    async def _hold(self, watch: "asyncio.Future[bytes]") -> None:
        go_on = asyncio.ensure_future(self._may_go_on.wait())
        try:
            await asyncio.wait([go_on, watch], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(go_on)
        if watch.done():
            raise ConnectionResetError
        self._may_go_on.clear()

    async def stop(self) -> None:
        for task in list(self._conversations):
            await _cancelled(task)


async def _cancelled(future: "asyncio.Future[Any]") -> None:
    future.cancel()
    await asyncio.wait([future])
    if not future.cancelled():
        future.exception()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def parse_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


@contextlib.asynccontextmanager
async def scripted(*answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """A server on a loopback port: each request gets the next answer, the last one again and again."""
    upstream = Upstream(answers or [[OK]])
    async with serving(upstream.converse, tls) as upstream.port:
        yield upstream
        await upstream.stop()


@contextlib.asynccontextmanager
async def serving(
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Any handler on a loopback port, which is what comes out."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def pooled(*arguments: Any, **settings: Any) -> AsyncIterator[UpstreamPool]:
    """A pool that is closed when the test is over."""
    pool = UpstreamPool(*arguments, **settings)
    try:
        yield pool
    finally:
        await pool.close()


def post(url: str, body: bytes = b"{}", *headers: tuple[str, str], method: str = "POST") -> UpstreamRequest:
    return UpstreamRequest(method=method, url=url, headers=[("authorization", "Bearer sk-key"), *headers], body=body)


async def forward(
    response: Response, take: Callable[[bytes], bool], pass_on: Callable[[bytes], bool | None] | None = None
) -> bool:
    """Give the body to `take` in the calls that receive it, while it answers True. Returns whether it has ended."""
    result: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def take_on(data: bytes) -> bool:
        is_wanted = take(data)
        if not is_wanted:
            result.set_result(False)
        return is_wanted

    def pass_on_first(read: bytes) -> bool | None:
        goes_on = pass_on(read) if pass_on is not None else None
        if goes_on is False:
            result.set_result(False)
        return goes_on

    def go_on() -> None:
        if result.done():
            return
        try:
            while (data := response.read_now()) is not None:
                if not data:
                    result.set_result(True)
                if not data or not take_on(data):
                    return
            response.forward_to(take_on, pass_on_first)
        except SealinkError as error:
            result.set_exception(error)

    response.on_news = go_on
    go_on()
    try:
        return await result
    finally:
        response.on_news = None
        response.stop_forwarding()


async def read_all(response: Response) -> bytes:
    pieces = []
    while piece := await response.read():
        pieces.append(piece)
    return b"".join(pieces)


async def ask(pool: UpstreamPool, url: str, **arguments: Any) -> bytes:
    """One request and its whole body."""
    response = await pool.send(post(url, **arguments), connect_s=5)
    try:
        return await read_all(response)
    finally:
        response.close()


async def failure_of(awaitable: Awaitable[object]) -> SealinkError:
    """The SealinkError that this ends in."""
    with pytest.raises(SealinkError) as caught:
        await awaitable
    return caught.value
