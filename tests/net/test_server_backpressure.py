"""A client that takes or asks more slowly, or faster, than it is served: memory stays bounded, and no byte is lost."""

import asyncio
import hashlib
import socket
import time
from typing import cast

import pytest
from served import GET, Client, Owner, Served, echo, error_response, on_both_loops, serving

from sealink.net.message import Request, Responder
from sealink.net.server import Server, ServerLimits
from sealink.net.server.client_connection import ClientConnection

HIGH = 200_000
CHUNK = bytes(range(256)) * 16
STREAM_HEADERS = [("content-type", "text/event-stream")]


async def _read_slowly(client: Client) -> bytes:
    received = bytearray()
    while chunk := await client.chunk():
        received += chunk
        await asyncio.sleep(0)
    return bytes(received)


@on_both_loops
async def test_a_client_that_does_not_read_pauses_the_stream_and_loses_nothing() -> None:
    total = 20_000_000
    most_unsent = 0
    sent = hashlib.sha256()
    stuck = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        nonlocal most_unsent
        responder.start(200, STREAM_HEADERS)
        for number in range(total // len(CHUNK)):
            piece = CHUNK[number % 251 :]
            sent.update(piece)
            responder.write(piece)
            most_unsent = max(most_unsent, served.server.unsent_bytes)
            if responder.paused:
                stuck.set()
                await responder.flush()
                assert served.server.unsent_bytes <= HIGH // 2
        responder.finish()

    async with serving(handler, max_unsent_bytes=HIGH) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await client.head()
        await stuck.wait()
        waiting = served.server.unsent_bytes
        await asyncio.sleep(0.05)
        assert served.server.unsent_bytes == waiting
        received = await _read_slowly(client)
    assert HIGH < most_unsent < HIGH + 2 * len(CHUNK)
    assert hashlib.sha256(received).digest() == sent.digest()


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the kernel has no such option")
@on_both_loops
async def test_the_kernel_does_not_hide_that_a_client_has_stopped_reading() -> None:
    written = 0
    stuck = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        nonlocal written
        responder.start(200, STREAM_HEADERS)
        while not responder.paused:
            responder.write(CHUNK)
            written += len(CHUNK)
        stuck.set()

    async with serving(handler, max_unsent_bytes=HIGH, max_unsent_in_kernel_bytes=50_000) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await stuck.wait()
        client.reset()
    assert HIGH < written < HIGH + 50_000 + 100_000  # and what the client's kernel and this test's reader have taken


@on_both_loops
async def test_an_owner_is_told_when_there_is_room_again_and_when_the_client_leaves() -> None:
    stuck, owner, held = asyncio.Event(), Owner(), list[Responder]()

    def handler(request: Request, responder: Responder) -> None:
        responder.hold(owner)
        held.append(responder)
        responder.start(200, STREAM_HEADERS)
        while responder.write(CHUNK):
            pass
        stuck.set()

    async with serving(handler, max_unsent_bytes=HIGH) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await stuck.wait()
        assert owner.told == []
        await client.head()
        while not owner.told:
            await client.chunk()
        (responder,) = held
        assert (owner.told, responder.paused) == (["ready"], False)
        while responder.write(CHUNK):
            pass
        client.reset()
        while "gone" not in owner.told:
            await asyncio.sleep(0.001)
        assert (owner.told, responder.paused) == (["ready", "gone"], False)
        responder.let_go()


async def _endless(request: Request, responder: Responder) -> None:
    responder.start(200, STREAM_HEADERS)
    while True:
        responder.write(CHUNK)
        if responder.paused:
            await responder.flush()


async def _large(request: Request, responder: Responder) -> None:
    responder.send(200, [], bytes(30_000_000))


@pytest.mark.parametrize("handler", [_endless, _large])
@on_both_loops
async def test_a_client_that_takes_nothing_at_all_is_dropped(handler: object) -> None:
    async with serving(handler, max_unsent_bytes=HIGH, slow_client_s=0.2) as served:  # type: ignore[arg-type]
        begin = time.perf_counter()
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await client.head()
        await served.settle()
        assert 0.19 < time.perf_counter() - begin < 2


class SlowTransport:
    """A transport that says how much it has not sent yet, at given times."""

    def __init__(self) -> None:
        self.unsent = 0
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def get_extra_info(self, name: str) -> None: ...


@pytest.mark.parametrize(
    ("unsent_at", "dropped_at_s"),
    [
        ({1: 100, 2: 100, 3: 100, 4: 100, 5: 100, 6: 100}, 4),
        ({1: 100, 2: 100, 3: 100, 4: 99, 5: 99, 6: 99, 7: 98, 8: 98, 9: 98, 10: 98, 11: 98}, 11),
        ({1: 100, 2: 0, 3: 0, 4: 0, 5: 0, 6: 100, 7: 100, 8: 100, 9: 100, 10: 100}, 9),
        ({time_s: 100 - time_s // 3 for time_s in range(1, 100)}, None),
    ],
)
def test_a_client_that_takes_little_is_not_dropped(unsent_at: dict[int, int], dropped_at_s: int | None) -> None:
    async def watch() -> int | None:
        limits = ServerLimits(slow_client_s=3.5, keep_alive_s=1000)
        server = Server(echo, limits=limits, check_head=lambda request: 0, error_response=error_response)
        transport, connection = SlowTransport(), ClientConnection(server)
        connection.connection_made(cast(asyncio.Transport, transport))
        begin = asyncio.get_running_loop().time()
        for time_s, unsent in unsent_at.items():
            transport.unsent = unsent
            connection.check_timers(begin + time_s)
            if transport.aborted:
                return time_s
        return None

    assert asyncio.run(watch()) == dropped_at_s


@on_both_loops
async def test_a_client_that_is_owed_little_is_not_dropped_within_its_stream() -> None:
    """What waits may grow as fast as it is taken; only when nobody writes does it prove something."""
    go_on = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        while served.server.unsent_bytes == 0:
            responder.write(CHUNK)
        assert not responder.paused
        await go_on.wait()
        responder.finish()

    async with serving(handler, max_unsent_bytes=HIGH, slow_client_s=0.1) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await client.head()
        await asyncio.sleep(0.4)
        assert served.server.connections == 1
        go_on.set()
        assert len(await _read_slowly(client)) % len(CHUNK) == 0


@on_both_loops
async def test_a_quiet_stream_is_not_dropped() -> None:
    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        await asyncio.sleep(0.3)
        responder.write(b"at last")
        responder.finish()

    async with serving(handler, slow_client_s=0.05, keep_alive_s=0.05, request_timeout_s=0.05) as served:
        assert (await served.ask(GET)).chunks == [b"at last"]


# Requests faster than answers.


class Counting:
    """Answers in its own time; remembers how many it was asked."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def __call__(self, request: Request, responder: Responder) -> None:
        self.asked += 1
        await self.go.wait()
        await echo(request, responder)


async def _fill(served: Served, client: Client, request: bytes) -> int:
    """Pipeline until the server takes no more; how many requests wait in its memory then."""
    sent = client._writer.transport
    sent.set_write_buffer_limits(high=0)
    while True:
        client.send(request * (500_000 // len(request)))
        before = sent.get_write_buffer_size()
        await asyncio.sleep(0.05)
        if before and sent.get_write_buffer_size() == before:
            break
    (connection,) = served.server._connections
    return len(connection._waiting)


@pytest.mark.parametrize(
    ("request_bytes", "most"),
    [
        (GET, 16 + 16 * 1024 // len(GET)),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n" + b"x" * 9000, 4),
    ],
    ids=["small requests", "large bodies"],
)
@on_both_loops
async def test_pipelining_without_end_stops_the_reading(request_bytes: bytes, most: int) -> None:
    handler = Counting()
    async with serving(handler, max_pipelined=16, max_pipelined_bytes=10_000) as served:
        client = await served.connect()
        waiting = await _fill(served, client, request_bytes)
        assert 0 < waiting <= most
        assert handler.asked == 1
        handler.go.set()
        for _ in range(2000 if request_bytes == GET else 20):
            assert (await client.response()).status == 200
        client.reset()
        await served.settle()


@on_both_loops
async def test_the_next_answer_waits_until_the_client_has_taken_this_one() -> None:
    answered = 0

    async def handler(request: Request, responder: Responder) -> None:
        nonlocal answered
        answered += 1
        responder.send(200, [], bytes(5_000_000))

    async with serving(handler, max_unsent_bytes=HIGH, keep_alive_s=0.1) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET * 10)
        await client.head()
        await asyncio.sleep(0.3)
        assert answered == 1
        assert served.server.unsent_bytes < 5_100_000
        await client.read(5_000_000)
        for _ in range(9):
            assert len((await client.response()).body) == 5_000_000
    assert answered == 10
