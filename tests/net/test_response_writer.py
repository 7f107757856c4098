"""What a handler may and may not do with its end of a response."""

import asyncio
from typing import cast

import pytest

from sealink.net.message import Request, Responder
from sealink.net.server.response_writer import ResponseWriter


class FakeTransport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborted = True


class Written:
    """A writer onto nothing, and what came of it."""

    def __init__(self, method: str = "GET") -> None:
        self.transport = FakeTransport()
        self.ends = 0
        request = Request(method, "/", "", {})
        self.writer = ResponseWriter(cast(asyncio.Transport, self.transport), request, self._end)

    def _end(self) -> None:
        self.ends += 1

    @property
    def bytes(self) -> bytes:
        return b"".join(self.transport.written)


def test_it_is_a_responder() -> None:
    responder: Responder = Written().writer
    flags = (responder.started, responder.paused, responder.gone, responder.too_slow)
    assert flags == (False, False, False, False)


def test_a_chunk_is_one_write() -> None:
    made = Written()
    made.writer.start(200, [])
    made.writer.write(b"x" * 26)
    assert made.transport.written[1:] == [b"1a\r\n" + b"x" * 26 + b"\r\n"]


def test_a_piece_that_is_a_chunk_already_goes_out_as_it_is() -> None:
    made, chunk = Written(), b"1a\r\n" + b"x" * 26 + b"\r\n"
    made.writer.start(200, [])
    assert made.writer.is_chunked
    assert made.writer.write_chunk(chunk, 26) is True
    assert made.transport.written[1] is chunk
    assert made.writer.bytes_sent == 26
    made.writer.pause()
    assert made.writer.write_chunk(chunk, 26) is False
    made.writer.leave()
    made.writer.write_chunk(chunk, 26)
    assert (len(made.transport.written), made.writer.bytes_sent, made.writer.is_chunked) == (3, 52, False)


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b"])
def test_a_header_cannot_begin_another(value: str) -> None:
    for begin in (lambda w: w.send(200, [("x", value)], b""), lambda w: w.start(200, [("x", value)])):
        made = Written()
        with pytest.raises(ValueError, match="line break"):
            begin(made.writer)
        assert (made.bytes, made.writer.started) == (b"", False)


def test_headers_keep_the_bytes_that_they_were_read_from() -> None:
    """As Latin-1, as every HTTP/1 library reads them; what Latin-1 does not have goes out as UTF-8."""
    sent = [b"caf\xe9", "café 模型".encode(), bytes(range(0x80, 0x100))]
    made = Written()
    made.writer.send(200, [("x-words", value.decode("latin-1")) for value in sent], b"")
    assert [line.removeprefix(b"x-words: ") for line in made.bytes.split(b"\r\n")[1:4]] == sent
    made = Written()
    made.writer.send(200, [("x-model", "模型"), ("x-words", "é")], b"")
    assert "\r\nx-model: 模型\r\n".encode() + b"x-words: \xe9\r\n" in made.bytes


def test_framing_is_the_servers_own() -> None:
    made = Written()
    names = ("connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade")
    made.writer.send(200, [(name, "upstream's") for name in names], b"ok")
    assert b"upstream's" not in made.bytes
    assert b"content-length: 2\r\n" in made.bytes


def test_a_status_that_python_does_not_know_has_no_reason() -> None:
    made = Written()
    made.writer.send(529, [], b"")
    assert made.bytes.startswith(b"HTTP/1.1 529 \r\n")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_is_started_once(method: str) -> None:
    made = Written(method)
    made.writer.start(200, [])
    for again in (lambda: made.writer.start(200, []), lambda: made.writer.send(200, [], b"")):
        with pytest.raises(RuntimeError, match="already been started"):
            again()
    assert made.bytes.count(b"HTTP/1.1") == 1


def test_nothing_is_written_before_the_start_or_after_the_end() -> None:
    made = Written()
    with pytest.raises(RuntimeError, match="not been started"):
        made.writer.write(b"x")
    with pytest.raises(RuntimeError, match="not been started"):
        made.writer.finish()
    made.writer.start(200, [])
    made.writer.finish()
    with pytest.raises(RuntimeError, match="already been finished"):
        made.writer.write(b"x")


def test_finish_may_be_repeated_and_abort_comes_too_late_after_it() -> None:
    made = Written()
    made.writer.start(200, [])
    made.writer.finish()
    made.writer.finish()
    made.writer.abort()
    assert made.bytes.endswith(b"\r\n\r\n0\r\n\r\n")
    assert (made.ends, made.transport.aborted, made.writer.gone) == (1, False, False)


def test_all_is_quiet_once_the_client_has_gone() -> None:
    made = Written()
    made.writer.leave()
    made.writer.send(200, [], b"x")
    made.writer.start(200, [])
    made.writer.write(b"x")
    made.writer.finish()
    asyncio.run(made.writer.flush())
    assert (made.bytes, made.ends) == (b"", 0)


def test_flush_waits_for_the_client_and_several_may_wait() -> None:
    async def talk() -> None:
        made = Written()
        made.writer.start(200, [])
        made.writer.pause()
        one, two = (asyncio.ensure_future(made.writer.flush()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        assert (one.cancelled(), two.done(), made.writer.paused) == (True, False, True)
        made.writer.resume()
        await two
        assert not made.writer.paused

    asyncio.run(talk())
