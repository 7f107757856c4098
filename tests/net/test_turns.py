"""However much comes at once: in one turn of the event loop a bounded number of a connection's bytes is handled.

Bytes are measured, not time: between two turns all other connections, timers and signals have theirs.
"""

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from scripted_upstream import forward
from served import on_both_loops, serving
from test_upstream_response import Stage, run

from sealink.net.client.limits import UpstreamLimits
from sealink.net.message import Request, Responder
from sealink.net.server.request_parser import RequestParser

TURN_BYTES = 1000
BODY = bytes(range(256)) * 400  # hardly compressible by itself
COMMENTS = b":\n\n" * 300_000
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
LIMITS = UpstreamLimits(max_bytes_per_turn=TURN_BYTES, max_buffered_bytes=4 * TURN_BYTES, max_header_bytes=2000)


def chunks(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def gzipped(body: bytes) -> bytes:
    return CHUNKED + b"content-encoding: gzip\r\n\r\n" + chunks(body, 700)


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


ANSWERS = {
    "with a length": (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY, BODY),
    "one chunk": (CHUNKED + b"\r\n" + chunks(BODY, len(BODY)), BODY),
    "small chunks": (CHUNKED + b"\r\n" + chunks(BODY, 3), BODY),
    "gzip": (gzipped(gzip.compress(COMMENTS)), COMMENTS),
    "gzip without a name": (
        CHUNKED + b"content-type: text/event-stream\r\n\r\n" + chunks(gzip.compress(COMMENTS), 9),
        COMMENTS,
    ),
    "deflate": (CHUNKED + b"content-encoding: deflate\r\n\r\n" + chunks(zlib.compress(COMMENTS), 99), COMMENTS),
    "raw deflate": (CHUNKED + b"content-encoding: deflate\r\n\r\n" + chunks(raw_deflate(COMMENTS), 99), COMMENTS),
    "gzip in members": (gzipped(gzip.compress(b"a") * 2000), b"a" * 2000),
    "gzip of nothing": (gzipped(gzip.compress(b"") * 2000), b""),
}


def keeping(came: list[bytes]) -> Callable[[bytes], bool]:
    """A taker that always wants more."""

    def take(data: bytes) -> bool:
        came.append(data)
        return True

    return take


class Turns:
    """Counts the turns of the loop, and what was done in each."""

    def __init__(self) -> None:
        self.number = 0
        self.handled: Counter[int] = Counter()
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._next)

    def _next(self) -> None:
        self.number += 1
        self._handle = self._loop.call_soon(self._next)

    def count(self, size: int) -> None:
        self.handled[self.number] += size

    def stop(self) -> None:
        self._handle.cancel()


@asynccontextmanager
async def counted_turns() -> AsyncIterator[Turns]:
    turns = Turns()
    yield turns
    turns.stop()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_forwarded_in_bounded_pieces(name: str) -> None:
    wire, body = ANSWERS[name]

    async def main() -> None:
        stage = await Stage(limits=LIMITS).receive(wire)
        async with counted_turns() as turns:
            response = await stage.sending
            came: list[bytes] = []

            def take(data: bytes) -> bool:
                turns.count(len(data))
                came.append(data)
                return True

            assert await forward(response, take)
        assert b"".join(came) == body
        assert max(turns.handled.values(), default=0) <= 2 * TURN_BYTES  # what waited, and what came
        assert stage.events == ["idle"]

    run(main)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_slow_taker_is_given_bounded_pieces(name: str) -> None:
    """What waits meanwhile is bounded too, and none of it is lost or overtaken."""
    wire, body = ANSWERS[name]

    async def main() -> None:
        stage = await Stage(limits=LIMITS).receive(wire)
        response = await stage.sending
        came: list[bytes] = []

        def take(data: bytes) -> bool:
            came.append(data)
            return len(came) % 2 == 0

        while not await forward(response, take):
            for _ in range(5):
                await asyncio.sleep(0)
        assert b"".join(came) == body
        assert max(map(len, came), default=0) <= TURN_BYTES

    run(main)


@pytest.mark.parametrize("name", [name for name in ANSWERS if "gzip" in name or "deflate" in name])
def test_others_have_their_turn_while_a_compressed_answer_is_read(name: str) -> None:
    wire, body = ANSWERS[name]

    async def main() -> None:
        stage = await Stage(limits=LIMITS).receive(wire)
        async with counted_turns() as turns:
            response = await stage.sending
            while data := await response.read():
                turns.count(len(data))
        assert sum(turns.handled.values()) == len(body)
        assert max(turns.handled.values(), default=0) <= TURN_BYTES
        assert turns.number >= len(body) / TURN_BYTES

    run(main)


def test_reading_stops_until_a_large_read_has_been_handled() -> None:
    async def main() -> None:
        wire, body = ANSWERS["with a length"]
        stage = await Stage(limits=LIMITS).receive(wire[: 5 * TURN_BYTES])
        assert stage.transport.calls == ["pause"]
        response = await stage.sending
        came: list[bytes] = []
        forwarding = asyncio.ensure_future(forward(response, keeping(came)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert stage.transport.calls == ["pause", "resume"]
        await stage.receive(wire[5 * TURN_BYTES :])
        assert await forwarding
        assert b"".join(came) == body

    run(main)


@pytest.mark.parametrize("end", ["eof", "lost"])
def test_what_came_before_the_end_of_a_connection_is_handled(end: str) -> None:
    async def main() -> None:
        stage = await Stage(limits=LIMITS).receive(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        if end == "eof":
            stage.connection.eof_received()
        else:
            stage.connection.connection_lost(None)
        body, error = await stage.outcome()
        assert body == BODY
        assert (error is None) == (end == "eof")

    run(main)


def test_a_connection_is_not_used_again_when_something_follows_the_answer() -> None:
    async def main() -> None:
        wire = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        stage = await Stage(limits=LIMITS).receive(wire + b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + BODY)
        assert await stage.outcome() == (b"ok", None)
        assert stage.events == ["lost"]

    run(main)


@pytest.mark.parametrize("ending", [b"0\r\nx: ", b"0\r\n", b"1;x="], ids=["trailer", "trailer's name", "extension"])
@pytest.mark.parametrize("size", [100, 5000])
def test_an_endless_field_behind_the_body_is_malformed(ending: bytes, size: int) -> None:
    async def main() -> None:
        stage = await Stage(limits=LIMITS).receive(CHUNKED + b"\r\n" + chunks(b"abc", 3)[:-5] + ending)
        fed = 0
        while not stage.transport.is_closing():
            await stage.receive(b"a" * size)
            await asyncio.sleep(0)
            fed += size
            assert fed <= 2 * LIMITS.max_header_bytes + TURN_BYTES + size
        body, error = await stage.outcome()
        assert body == b"abc"
        assert error is not None
        assert error.code == "upstream_malformed"

    run(main)


def test_compressed_bytes_that_become_none_are_signs_of_life() -> None:
    """A server that compresses and flushes without anything to send, as a keep-alive."""

    async def main() -> None:
        compressor = zlib.compressobj(wbits=31)
        stage = await Stage().receive(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n")
        response = await stage.sending
        came: list[bytes | None] = []
        response.on_news = lambda: came.append(response.read_now())
        for text in (b"a", b"", b"", b"b"):
            await stage.receive(compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH))
        await stage.receive(compressor.flush(), eof=True)
        assert came[:4] == [b"a", None, None, b"b"]
        assert came[-1] == b""

    run(main)


# A client's connection


async def answer(request: Request, responder: Responder) -> None:
    responder.send(200, [], b"%d" % len(request.body))


@on_both_loops
async def test_a_clients_body_is_parsed_in_bounded_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = RequestParser.feed
    async with serving(answer, check_head=lambda request: 10_000_000, max_bytes_per_turn=32 * 1024) as served:
        async with counted_turns() as turns:

            def counted(self: RequestParser, data: bytes) -> list[Request]:
                turns.count(len(data))
                return feed(self, data)

            monkeypatch.setattr(RequestParser, "feed", counted)
            client = await served.connect()
            body = b"x" * 3_000_000
            response = await client.ask(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n" + body)
            assert response.body == b"3000000"
        assert sum(turns.handled.values()) >= 3_000_000
        assert max(turns.handled.values()) <= 2 * 32 * 1024  # what waited, and what came
