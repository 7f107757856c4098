"""An event loop whose connections have no sockets: what SeaLink writes is read, and answered, in the same process."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvloop

END_OF_JSON, END_OF_CHUNKS = b"}", b"0\r\n\r\n"
"""What the last write of a message ends with: cheap to look for, so that little is counted of what is not SeaLink."""

SPANS, TAKEN = b"POST /v1/traces ", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
"""How the head of an export of spans begins, and the answer to it."""


class Loop(uvloop.Loop):
    """`serve` is what the last create_server was given; `answer` is what every upstream answers, read by read.
    `upstreams` are the connections to them."""

    def __init__(self) -> None:
        super().__init__()
        self.serve: Callable[[], asyncio.Protocol] | None = None
        self.answer: list[bytes] = []
        self.upstreams: list[UpstreamTransport] = []

    async def create_server(self, protocol_factory: Any, *_: object, **__: object) -> Any:
        self.serve = protocol_factory
        return _Listener()

    async def sock_connect(self, sock: socket.socket, address: Any) -> None: ...

    async def create_connection(self, protocol_factory: Any, *to: Any, **more: Any) -> Any:
        if to or more.get("host"):  # Redis, which counts in a process of its own
            return await super().create_connection(protocol_factory, *to, **more)
        protocol = protocol_factory()
        transport = UpstreamTransport(self, protocol)
        self.upstreams.append(transport)
        protocol.connection_made(transport)
        return transport, protocol


class _Socket:
    family = socket.AF_INET

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 1

    def setsockopt(self, *_: object) -> None: ...


class _Listener:
    sockets = (_Socket(),)

    def close(self) -> None: ...


class FakeTransport(asyncio.Transport):
    """Takes what is written, and never has anything left to send."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 2), "socket": _Socket()})
        self._is_closing = False

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class UpstreamTransport(FakeTransport):
    """Answers each request, once it is whole. The first two reads and the last come in turns of the loop of their own,
    so that whoever waits for them can run; those between them come one straight after the other."""

    def __init__(self, loop: Loop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self.protocol: Any = protocol
        self.is_asked = False

    def write(self, data: Any) -> None:
        self.is_asked = True
        if data.startswith(SPANS):
            self._loop.call_soon(self.protocol.data_received, TAKEN)
        elif data.endswith(END_OF_JSON):
            first, *rest = self._loop.answer
            self._loop.call_soon(self._receive, first, rest)

    def _receive(self, data: bytes, rest: list[bytes]) -> None:
        self.protocol.data_received(data)
        if rest:
            self._loop.call_later(0, self._loop.call_soon, self._receive_rest, rest)

    def _receive_rest(self, reads: list[bytes]) -> None:
        first, *rest = reads
        self.protocol.data_received(first)
        if rest:
            self._loop.call_later(0, self._loop.call_soon, self._receive_most, rest)

    def _receive_most(self, reads: list[bytes]) -> None:
        receive = self.protocol.data_received
        for data in reads[:-1]:
            receive(data)
        self._loop.call_soon(receive, reads[-1])


class ClientTransport(FakeTransport):
    """A client that keeps its connection, and asks one thing after the other."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        assert loop.serve is not None
        self._loop = loop
        self._protocol = loop.serve()
        self._answer: list[bytes] = []
        self._end = b""
        self._answered: asyncio.Future[None] | None = None
        self._protocol.connection_made(self)

    async def ask(self, request: bytes, end: bytes) -> list[bytes]:
        """What is written as the answer, up to the write that ends with `end`."""
        self._answer = []
        self._end = end
        self._answered = self._loop.create_future()
        self._protocol.data_received(request)
        await self._answered
        await asyncio.sleep(0)  # what is done after an answer is a part of it
        return self._answer

    def write(self, data: Any) -> None:
        self._answer.append(data)
        if data.endswith(self._end) and self._answered is not None:
            self._answered.set_result(None)
