"""Any bytes, in any split, at any moment of a connection: handled requests, at most one refusal, never an exception.

The connection speaks to a transport of a few lines, so that thousands of conversations take seconds.
"""

import asyncio
from itertools import pairwise
from typing import cast

import httptools
from hypothesis import given, settings
from hypothesis import strategies as st
from served import error_response
from test_request_parser import streams

from sealink.net.message import Request, Responder
from sealink.net.server import Server, ServerLimits
from sealink.net.server.client_connection import ClientConnection

HANDLED = 299


class FakeTransport:
    def __init__(self) -> None:
        self.written = bytearray()
        self.closing = self.eof_written = self.reading_paused = False

    def write(self, data: bytes) -> None:
        ended = self.closing or self.eof_written
        assert not ended, "written to a connection that was closed"
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof_written = True

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> None:
        return None


async def dawdle(request: Request, responder: Responder) -> None:
    """Answers whole or as a stream, now or after a while."""
    for _ in range(len(request.path) % 3):
        await asyncio.sleep(0)
    if len(request.body) % 2:
        responder.start(HANDLED, [])
        await asyncio.sleep(0)
        responder.write(request.body)
        responder.finish()
    else:
        responder.send(HANDLED, [], request.body)


class Conversation:
    """One client's bytes, step by step, and the statuses that came back."""

    def __init__(self) -> None:
        self.server = Server(
            dawdle,
            limits=ServerLimits(max_header_bytes=2000, max_pipelined=2),
            check_head=lambda request: 1000,
            error_response=error_response,
        )
        self.server._loop = asyncio.get_running_loop()
        self.transport = FakeTransport()
        self.connection = ClientConnection(self.server)
        self.connection.connection_made(cast(asyncio.Transport, self.transport))

    async def say(self, pieces: list[bytes], turns: list[int]) -> None:
        """Hand the pieces over, with some turns of the event loop after each."""
        for piece, count in zip(pieces, turns, strict=True):
            for _ in range(count):
                await asyncio.sleep(0)
            while self.transport.reading_paused:
                await asyncio.sleep(0)
            if not self.transport.closing:
                self.connection.data_received(piece)
        while self.server.open_requests or self.connection._waiting:
            await asyncio.sleep(0)

    async def leave(self) -> None:
        self.connection.eof_received()
        self.connection.connection_lost(None)
        while self.server.open_requests:
            await asyncio.sleep(0)

    def statuses(self) -> list[int]:
        """Of the responses in what was written, as llhttp reads it."""
        statuses: list[int] = []

        class Reader:
            def on_headers_complete(self) -> None:
                statuses.append(parser.get_status_code())

        parser = httptools.HttpResponseParser(Reader())
        parser.feed_data(bytes(self.transport.written))
        return statuses


without_head = streams.map(lambda data: data.replace(b"HEAD", b"PUT"))  # a reader must know which answers have no body
cuts = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4)), max_size=8)


def pieces_of(data: bytes, cut: list[tuple[int, int]]) -> tuple[list[bytes], list[int]]:
    places = sorted({min(place, len(data)) for place, _ in cut} | {0, len(data)})
    pieces = [data[begin:end] for begin, end in pairwise(places)]
    turns = [turn for _, turn in cut]
    return pieces, (turns + [0] * len(pieces))[: len(pieces)]


@settings(deadline=None)
@given(without_head, cuts)
def test_whatever_comes_is_handled_or_refused_once(data: bytes, cut: list[tuple[int, int]]) -> None:
    async def talk() -> None:
        unhandled: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
        conversation = Conversation()
        await conversation.say(*pieces_of(data, cut))
        answers = [status for status in conversation.statuses() if status != 100]
        refusals = [status for status in answers if status != HANDLED]
        assert set(refusals) <= {400, 405, 413, 417, 505}
        assert len(refusals) <= 1
        assert answers[len(answers) - len(refusals) :] == refusals
        if refusals:
            assert conversation.transport.eof_written
            before = len(conversation.transport.written)
            conversation.connection.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert len(conversation.transport.written) == before
        await conversation.leave()
        assert (conversation.server.connections, unhandled) == (0, [])

    asyncio.run(talk())


@settings(deadline=None)
@given(streams, cuts, st.integers(0, 5))
def test_a_client_may_leave_at_any_moment(data: bytes, cut: list[tuple[int, int]], moment: int) -> None:
    async def talk() -> None:
        unhandled: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
        conversation = Conversation()
        pieces, _ = pieces_of(data, cut)
        for piece in pieces[:moment]:
            if not (conversation.transport.closing or conversation.transport.reading_paused):
                conversation.connection.data_received(piece)
                await asyncio.sleep(0)
        await conversation.leave()
        written = len(conversation.transport.written)
        await asyncio.sleep(0)
        assert len(conversation.transport.written) == written
        assert (conversation.server.connections, unhandled) == (0, [])

    asyncio.run(talk())
