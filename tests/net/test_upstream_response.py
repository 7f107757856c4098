"""One response fed by hand: every split gives the same answer, every cut gives exactly one error."""

import asyncio
import gc
import gzip
import itertools
import weakref
import zlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_upstream import failure_of, forward, read_all

from sealink.errors import SealinkError, UpstreamError
from sealink.net.client.connection import Connection
from sealink.net.client.content_encoding import Decoder
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.response import Response

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a\r\ndata: {}\n\n\r\nf;ext=1\r\ndata: \xe2\x82\xac\xe2\x80\xa8a\n\n\r\n0\r\nTrailer: x\r\n\r\n"
)
CHUNKED_BODY = b"data: {}\n\ndata: \xe2\x82\xac\xe2\x80\xa8a\n\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX-A: 1\r\nX-a: 2\r\n\r\nhello, world"
UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\nhello, world"


class FakeTransport(asyncio.Transport):
    """Remembers what was asked of it."""

    def __init__(self, protocol: Connection) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.calls: list[str] = []

    def writelines(self, pieces: Iterable[Any]) -> None:
        self.written += b"".join(pieces)

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return "abort" in self.calls

    def abort(self) -> None:
        if not self.is_closing():
            self.calls.append("abort")
            self.protocol.connection_lost(None)


class Stage:
    """A connection on a fake transport, with one request sent."""

    def __init__(self, method: str = "POST", limits: UpstreamLimits | None = None) -> None:
        self.events: list[str] = []
        limits = limits or UpstreamLimits()
        self.connection = Connection(limits, lambda _: self.events.append("idle"), lambda _: self.events.append("lost"))
        self.connection.peer = "upstream:443"
        self.transport = FakeTransport(self.connection)
        self.connection.connection_made(self.transport)
        self.sending = asyncio.ensure_future(self.connection.send(method, b"head", b"body"))

    async def receive(self, *pieces: bytes, eof: bool = False) -> "Stage":
        await asyncio.sleep(0)
        for piece in pieces:
            if not self.transport.is_closing():
                self.connection.data_received(piece)
        if eof and not self.transport.is_closing():
            self.connection.eof_received()
        return self

    async def outcome(self) -> tuple[bytes, SealinkError | None]:
        """The body that could be read, and what it ended in."""
        pieces: list[bytes] = []
        try:
            response = await self.sending
            while piece := await response.read():
                pieces.append(piece)
        except SealinkError as error:
            return b"".join(pieces), error
        return b"".join(pieces), None

    async def forwarded(self) -> tuple[bytes, SealinkError | None]:
        """The same, as it is handed on."""
        pieces: list[bytes] = []

        def take(data: bytes) -> bool:
            pieces.append(data)
            return True

        try:
            response = await self.sending
            assert await forward(response, take)
        except SealinkError as error:
            return b"".join(pieces), error
        return b"".join(pieces), None


def run(test: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    asyncio.run(test(*arguments))


@pytest.mark.parametrize(
    ("wire", "body"), [(CHUNKED, CHUNKED_BODY), (SIZED, b"hello, world")], ids=["chunked", "sized"]
)
def test_every_split_in_two_and_byte_by_byte(wire: bytes, body: bytes) -> None:
    async def main() -> None:
        splits = [[wire[:at], wire[at:]] for at in range(1, len(wire))]
        for pieces in [[wire], *splits, [bytes([byte]) for byte in wire]]:
            stage = await Stage().receive(*pieces)
            assert await stage.outcome() == (body, None), pieces
            assert stage.events == ["idle"]

    run(main)


@given(st.lists(st.integers(1, len(CHUNKED) - 1), max_size=8))
def test_any_split(cuts: list[int]) -> None:
    async def main() -> None:
        at = [0, *sorted(set(cuts)), len(CHUNKED)]
        stage = await Stage().receive(*(CHUNKED[begin:end] for begin, end in itertools.pairwise(at)))
        assert await stage.outcome() == (CHUNKED_BODY, None)

    run(main)


@pytest.mark.parametrize(
    ("wire", "body"), [(CHUNKED, CHUNKED_BODY), (SIZED, b"hello, world")], ids=["chunked", "sized"]
)
def test_every_truncation_is_exactly_one_error(wire: bytes, body: bytes) -> None:
    async def main() -> None:
        head = wire.index(b"\r\n\r\n") + 4
        for length in range(len(wire)):
            stage = await Stage().receive(wire[:length], eof=True)
            got, error = await stage.outcome()
            assert body.startswith(got)
            assert isinstance(error, UpstreamError)
            assert error.code == ("upstream_closed" if length < head else "upstream_truncated")
            assert stage.events == ["lost"]

    run(main)


def test_every_reset_is_exactly_one_error() -> None:
    async def main() -> None:
        for length in range(len(CHUNKED)):
            stage = await Stage().receive(CHUNKED[:length])
            stage.connection.connection_lost(ConnectionResetError(104, "Connection reset by peer"))
            got, error = await stage.outcome()
            assert CHUNKED_BODY.startswith(got)
            assert error is not None
            assert error.code == "upstream_reset"
            assert error.message == "The connection to upstream:443 broke off: Connection reset by peer."

    run(main)


def test_what_came_before_a_cut_can_be_read_and_the_error_stays() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED[:-3], eof=True)
        response = await stage.sending
        assert await response.read() == b"hello, wo"
        first = await failure_of(response.read())
        assert await failure_of(response.read()) is first

    run(main)


def test_an_unframed_body_may_end_anywhere() -> None:
    async def main() -> None:
        head = UNFRAMED.index(b"hello")
        for length in range(head, len(UNFRAMED) + 1):
            stage = await Stage().receive(UNFRAMED[:length], eof=True)
            assert await stage.outcome() == (UNFRAMED[head:length], None)
            assert stage.sending.result().framed is False
            assert stage.events == ["lost"]

    run(main)


def test_an_unframed_body_whose_connection_just_vanishes_has_not_ended() -> None:
    async def main() -> None:
        stage = await Stage().receive(UNFRAMED)
        stage.connection.connection_lost(None)
        _, error = await stage.outcome()
        assert error is not None
        assert error.code == "upstream_truncated"

    run(main)


def test_headers_have_lower_case_names_and_stay_apart() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED)
        response = await stage.sending
        assert list(response.headers) == [("content-length", "12"), ("x-a", "1"), ("x-a", "2")]
        assert stage.transport.written == b"headbody"

    run(main)


def test_trailers_are_not_headers() -> None:
    async def main() -> None:
        stage = await Stage().receive(CHUNKED)
        assert "trailer" not in dict((await stage.sending).headers)

    run(main)


def test_endless_trailers_are_malformed() -> None:
    async def main() -> None:
        stage = await Stage(limits=UpstreamLimits(max_header_bytes=200)).receive(CHUNKED[: CHUNKED.index(b"Trailer")])
        await stage.receive(*[b"x-trailer: x\r\n"] * 100)
        body, error = await stage.outcome()
        assert body == CHUNKED_BODY
        assert error is not None
        assert error.code == "upstream_malformed"

    run(main)


def test_reading_pauses_and_resumes() -> None:
    async def main() -> None:
        stage = await Stage(limits=UpstreamLimits(max_buffered_bytes=5)).receive(SIZED[:-8])
        assert stage.transport.calls == []
        response = await stage.sending
        await stage.receive(SIZED[-8:-5], SIZED[-5:-3])
        assert stage.transport.calls == ["pause"]
        assert await response.read() == b"hello, wo"
        assert stage.transport.calls == ["pause", "resume"]

    run(main)


def test_a_response_that_came_whole_does_not_keep_its_connection_paused() -> None:
    async def main() -> None:
        limits = UpstreamLimits(max_buffered_bytes=5)
        for pieces, calls in ([SIZED], []), ([SIZED[:-1], SIZED[-1:]], ["pause", "resume"]):
            stage = await Stage(limits=limits).receive(*pieces)
            assert stage.transport.calls == calls
            assert stage.events == ["idle"]
            assert await stage.outcome() == (b"hello, world", None)

    run(main)


def test_a_cancelled_request_leaves_alone_a_connection_that_it_has_given_back() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED)
        assert stage.events == ["idle"]  # from here on it may be another request's
        stage.sending.cancel()
        await asyncio.wait([stage.sending])
        assert stage.sending.cancelled()
        assert stage.transport.calls == []

    run(main)


def test_a_waiting_reader_gets_all_chunks_of_one_read_together() -> None:
    async def main() -> None:
        stage = await Stage().receive(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        response = await stage.sending
        reading = asyncio.ensure_future(response.read())
        await stage.receive(b"2\r\nab\r\n2\r\ncd\r\n")
        assert await reading == b"abcd"

    run(main)


def test_the_states_have_names() -> None:
    async def main() -> None:
        stage = Stage()
        await asyncio.sleep(0)
        assert repr(stage.connection) == "<Connection to upstream:443, busy, 0 answered>"
        await stage.receive(SIZED)
        assert repr(stage.connection) == "<Connection to upstream:443, idle, 1 answered>"
        stage.connection.abort()
        assert repr(stage.connection) == "<Connection to upstream:443, closed, 1 answered>"
        await stage.sending

    run(main)


def test_a_connection_that_is_lost_before_the_request_does_not_take_it() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED)
        await stage.sending
        stage.connection.connection_lost(None)
        assert (await failure_of(stage.connection.send("GET", b"head"))).code == "upstream_closed"

    run(main)


# Forwarding


@pytest.mark.parametrize(
    ("wire", "body"), [(CHUNKED, CHUNKED_BODY), (SIZED, b"hello, world")], ids=["chunked", "sized"]
)
def test_forwarded_at_every_split_and_cut(wire: bytes, body: bytes) -> None:
    async def main() -> None:
        for at in range(1, len(wire)):
            stage = Stage()
            forwarding = asyncio.ensure_future(stage.forwarded())
            await stage.receive(wire[:at])
            await asyncio.sleep(0)  # send() returns
            await asyncio.sleep(0)  # forward() begins
            await stage.receive(wire[at:])
            assert await forwarding == (body, None), at

            stage = Stage()
            forwarding = asyncio.ensure_future(stage.forwarded())
            await stage.receive(wire[: at // 2], wire[at // 2 : at], eof=True)
            got, error = await forwarding
            assert body.startswith(got)
            assert error is not None

    run(main)


def test_what_is_forwarded_is_taken_in_the_call_that_received_it() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED[:-6])
        taken: list[bytes] = []
        response = await stage.sending
        forwarding = asyncio.ensure_future(forward(response, lambda data: not taken.append(data)))  # type: ignore[func-returns-value]
        await asyncio.sleep(0)
        stage.connection.data_received(b" wo")
        assert taken == [b"hello,", b" wo"]
        stage.connection.data_received(b"rld")
        assert taken[2:] == [b"rld"]
        assert await forwarding is True

    run(main)


def test_a_taker_that_has_enough_is_given_no_more_and_nothing_is_lost() -> None:
    async def main() -> None:
        stage = await Stage(limits=UpstreamLimits(max_buffered_bytes=3)).receive(SIZED[:-11])
        taken: list[bytes] = []

        def take_one(data: bytes) -> bool:
            taken.append(data)
            return False

        response = await stage.sending
        assert await forward(response, take_one) is False
        forwarding = asyncio.ensure_future(forward(response, take_one))
        await stage.receive(b"ello")
        await stage.receive(b", wo")
        assert await forwarding is False
        assert taken == [b"h", b"ello"]
        assert stage.transport.calls == ["pause"]
        assert await forward(response, take_one) is False
        assert stage.transport.calls == ["pause", "resume"]
        await stage.receive(b"rld")
        assert await forward(response, take_one) is False
        assert await forward(response, take_one) is True
        assert b"".join(taken) == b"hello, world"

    run(main)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 10, 15, 18, len(CHUNKED)])
@pytest.mark.parametrize("passes", [True, False])
def test_reads_that_begin_with_a_chunk_may_be_passed_on_as_they_are(step: int, passes: bool) -> None:
    """Reads within a chunk, the head and the end are parsed; a read that is left alone, too."""
    chunks = [b"a\r\ndata: {}\n\n\r\n", b"0009\r\ndata: \n\n\n\r\n", b"a\r\ndata: {}\n\n\r\n"]
    head, end = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"0\r\n\r\n"
    wire = head + b"".join(chunks) + end

    async def main() -> None:
        stage = await Stage().receive(head + chunks[0])
        response = await stage.sending
        got: list[bytes] = []
        asked: list[bytes] = []
        passed: list[bytes] = []

        def pass_on(read: bytes) -> bool | None:
            asked.append(read)
            if not passes or read not in chunks:
                return None
            got.append(read.partition(b"\r\n")[2][:-2])
            passed.append(read)
            return True

        forwarding = asyncio.ensure_future(forward(response, lambda data: not got.append(data), pass_on))  # type: ignore[func-returns-value]
        await asyncio.sleep(0)
        rest = wire[len(head) + len(chunks[0]) :]
        for at in range(0, len(rest), step):
            stage.connection.data_received(rest[at : at + step])
        assert await forwarding is True
        assert b"".join(got) == b"data: {}\n\ndata: \n\n\ndata: {}\n\n"
        assert {read[:1] for read in asked} <= {b"0", b"9", b"a"}

    run(main)


def test_what_looks_like_a_chunk_behind_the_first_digit_of_its_size_is_not_one() -> None:
    async def main() -> None:
        head = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        stage = await Stage().receive(head + b"1\r\na\r\n")
        response = await stage.sending
        assert await response.read() == b"a"
        taken: list[bytes] = []
        asked: list[bytes] = []
        forwarding = asyncio.ensure_future(
            forward(response, lambda data: not taken.append(data), lambda read: asked.append(read))  # type: ignore[func-returns-value]
        )
        await asyncio.sleep(0)
        for read in (
            b"1",
            b"2\r\nbc\r\n",
            b"0123456789abcd\r\n",
            b"2\r\nbc\r\n1",
            b"2\r\nbc\r\n",
            b"0123456789abcd\r\n",
        ):
            stage.connection.data_received(read)
        stage.connection.data_received(b"0\r\n\r\n")
        assert await forwarding is True
        assert b"".join(taken) == b"bc\r\n0123456789abcd" + b"bc" + b"bc\r\n0123456789abcd"
        assert asked == [b"1", b"2\r\nbc\r\n1", b"0\r\n\r\n"]

    run(main)


def test_passing_on_ends_where_the_client_has_enough_and_nothing_is_lost() -> None:
    async def main() -> None:
        head = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        stage = await Stage().receive(head + b"1\r\na\r\n")
        response = await stage.sending
        assert await response.read() == b"a"
        passed: list[bytes] = []
        taken: list[bytes] = []

        def pass_on(read: bytes) -> bool:
            passed.append(read)
            return False

        forwarding = asyncio.ensure_future(forward(response, lambda data: not taken.append(data), pass_on))  # type: ignore[func-returns-value]
        await asyncio.sleep(0)
        stage.connection.data_received(b"1\r\nb\r\n")
        stage.connection.data_received(b"1\r\nc\r\n")
        assert await forwarding is False
        assert (passed, taken) == ([b"1\r\nb\r\n"], [])
        assert await response.read() == b"c"

    run(main)


def test_what_is_closed_has_no_more_news() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED[:-3])
        response = await stage.sending
        news: list[str] = []
        response.on_news = lambda: news.append("news")
        response.forward_to(lambda data: bool(news.append("data") or True))
        response.close()
        assert (news, stage.transport.calls) == ([], ["abort"])
        assert (await failure_of(response.read())).code == "upstream_closed"

    run(main)


def test_a_connection_that_waits_keeps_nothing_of_its_last_request() -> None:
    async def main() -> None:
        stage = Stage()
        stage.sending.cancel()
        response = Response("x", "POST", UpstreamLimits())

        def send_again() -> None: ...

        kept = weakref.ref(send_again)
        stage.connection.start(response, b"head", b"body", send_again)
        del send_again
        assert kept() is not None
        stage.connection.data_received(SIZED)
        assert (stage.events, kept()) == (["idle"], None)

    run(main)


def test_the_connection_is_free_before_the_end_is_told() -> None:
    """So that a request that the end brings about can be sent on it."""

    async def main() -> None:
        stage = await Stage().receive(SIZED[:-3])
        response = await stage.sending
        told: list[list[str]] = []
        response.on_news = lambda: told.append(list(stage.events))
        await stage.receive(SIZED[-3:])
        assert told == [["idle"]]
        assert (response.read_now(), response.read_now()) == (b"hello, world", b"")

    run(main)


def test_a_cancelled_forwarding_takes_no_more() -> None:
    async def main() -> None:
        stage = await Stage().receive(SIZED[:-6])
        taken: list[bytes] = []
        response = await stage.sending
        forwarding = asyncio.ensure_future(forward(response, lambda data: not taken.append(data)))  # type: ignore[func-returns-value]
        await asyncio.sleep(0)
        forwarding.cancel()
        await asyncio.wait([forwarding])
        stage.connection.data_received(b" world")
        assert taken == [b"hello,"]
        assert await response.read() == b" world"

    run(main)


@pytest.mark.parametrize("name", ["gzip", "unnamed gzip", "unnamed and plain"])
def test_what_is_forwarded_is_decoded(name: str) -> None:
    headers, body = ENCODED[name]

    async def main() -> None:
        wire = _answer(body, *headers, chunk=50)
        stage = Stage()
        forwarding = asyncio.ensure_future(stage.forwarded())
        for at in range(0, len(wire), 100):
            await stage.receive(wire[at : at + 100])
        assert await forwarding == (TEXT, None)

    run(main)


# Content-Encoding

TEXT = b"".join(b'data: {"n": %d, "text": "hello"}\n\n' % n for n in range(200))


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def _answer(body: bytes, *headers: bytes, chunk: int = 100_000) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" + lines + b"\r\n" + chunks + b"0\r\n\r\n"


EVENT_STREAM = b"content-type: text/event-stream; charset=utf-8"
ENCODED = {
    "gzip": ([b"content-encoding: gzip"], gzip.compress(TEXT)),
    "GZip": ([b"content-encoding: GZip", EVENT_STREAM], gzip.compress(TEXT)),
    "x-gzip": ([b"content-encoding: x-gzip"], gzip.compress(TEXT)),
    "gzip in members": ([b"content-encoding: gzip"], gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:])),
    "zlib": ([b"content-encoding: deflate"], zlib.compress(TEXT)),
    "raw deflate": ([b"content-encoding: deflate"], _raw_deflate(TEXT)),
    "unnamed gzip": ([EVENT_STREAM], gzip.compress(TEXT)),
    "unnamed and plain": ([EVENT_STREAM], TEXT),
    "identity": ([b"content-encoding: identity", EVENT_STREAM], TEXT),
}


@pytest.mark.parametrize("name", ENCODED)
def test_compressed_bodies(name: str) -> None:
    headers, body = ENCODED[name]

    async def main() -> None:
        for chunk in (1, 2, 3, 7, 64, 100_000):
            wire = _answer(body, *headers, chunk=chunk)
            head = wire.index(b"\r\n\r\n") + 4
            for pieces in ([wire], [wire[:head], *(wire[at : at + 5] for at in range(head, len(wire), 5))]):
                stage = await Stage().receive(*pieces)
                assert await stage.outcome() == (TEXT, None)
                assert stage.events == ["idle"]

    run(main)


@pytest.mark.parametrize("name", [name for name in ENCODED if name not in ("identity", "unnamed and plain")])
def test_a_compressed_body_that_is_cut_off_within_a_whole_response(name: str) -> None:
    headers, body = ENCODED[name]
    whole_member = len(gzip.compress(TEXT[:99])) if name == "gzip in members" else 0

    async def main() -> None:
        for length in range(1, len(body)):
            if length == whole_member:
                continue
            stage = await Stage().receive(_answer(body[:length], *headers))
            got, error = await stage.outcome()
            assert TEXT.startswith(got)
            assert error is not None, length
            assert error.code == "upstream_truncated"
            assert await failure_of(stage.sending.result().read()) is error

    run(main)


def test_compressed_events_are_read_as_they_come() -> None:
    async def main() -> None:
        compressor = zlib.compressobj(wbits=31)
        stage = await Stage().receive(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n")
        response = await stage.sending
        for event in (b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"):
            await stage.receive(compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH))
            assert await response.read() == event

    run(main)


def test_plain_events_that_look_like_nothing_else_are_read_as_they_come() -> None:
    async def main() -> None:
        stage = await Stage().receive(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        response = await stage.sending
        for piece in (b"d", b"ata: 1\n\n", b"\x1f\x8b\n"):
            await stage.receive(piece)
            assert await response.read() == piece

    run(main)


def test_nothing_that_can_be_told_is_held_back() -> None:
    body, decoder, reference = (
        gzip.compress(bytes(10_000)),
        Decoder("gzip", "upstream:443"),
        zlib.decompressobj(wbits=31),
    )
    for byte in body:
        told = len(decoder.decode(bytes([byte]), 7))
        while decoder.pending:
            told += len(decoder.decode(b"", 7))
        assert told == len(reference.decompress(bytes([byte])))
    decoder.finish()


def test_a_bomb_comes_in_bounded_pieces() -> None:
    async def main() -> None:
        bomb = gzip.compress(bytes(50_000_000))
        limits = UpstreamLimits(max_buffered_bytes=65536)
        stage = await Stage(limits=limits).receive(_answer(bomb, b"content-encoding: gzip"))
        response = await stage.sending
        total = 0
        while piece := await response.read():
            assert len(piece) <= 65536
            total += len(piece)
        assert total == 50_000_000

    run(main)


def test_headers_describe_the_body_as_it_is_read() -> None:
    async def main() -> None:
        body = gzip.compress(TEXT)
        head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nx-a: b\r\ncontent-length: %d\r\n\r\n" % len(body)
        stage = await Stage().receive(head + body)
        response = await stage.sending
        assert list(response.headers) == [("x-a", "b")]
        assert response.framed
        assert await read_all(response) == TEXT

    run(main)


def test_an_empty_body_is_not_truncated_gzip() -> None:
    async def main() -> None:
        stage = await Stage().receive(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n")
        assert await stage.outcome() == (b"", None)

    run(main)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", b"not gzip at all"),
        (b"gzip", gzip.compress(TEXT) + b"junk"),
        (b"gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8),
        (b"deflate", zlib.compress(TEXT) + b"junk"),
        (b"br", b"anything"),
        (b"gzip, gzip", b"anything"),
        (b"zstd", b"anything"),
    ],
)
def test_what_cannot_be_decoded(coding: bytes, body: bytes) -> None:
    async def main() -> None:
        stage = await Stage().receive(_answer(body, b"content-encoding: " + coding))
        _, error = await stage.outcome()
        assert error is not None
        assert error.code == "upstream_encoding"

    run(main)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_our_own(noise: bytes) -> None:
    async def main() -> None:
        for begin in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08"):
            stage = await Stage().receive(begin + noise, eof=True)
            await stage.outcome()

    run(main)


def test_a_response_that_was_read_leaves_nothing_for_the_garbage_collector() -> None:
    async def main() -> None:
        stage = await Stage().receive(CHUNKED)
        assert await stage.outcome() == (CHUNKED_BODY, None)
        response = weakref.ref(stage.sending.result())
        del stage.sending
        await asyncio.sleep(0)  # the loop still holds the task that has just woken this one
        assert response() is None

    gc.disable()
    try:
        run(main)
    finally:
        gc.enable()
