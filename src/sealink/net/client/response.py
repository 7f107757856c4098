"""One response as it comes in: llhttp feeds it on one side, the gateway reads it on the other.

waiting for headers ──▶ in_body ──▶ complete
          └────────────────┴──────▶ failed

A chunk goes from `feed` straight to the callable given to `forward`, or wakes the one future of a waiting `read`.
A read from the socket that is exactly one chunk of the transfer coding, as nearly all are, needs no parser.

However fast it comes, and whatever it inflates to: of one response no more than `max_bytes_per_turn` is handled in a
turn of the event loop, so that other connections, timers and signals have theirs.
"""

import asyncio
import zlib
from collections.abc import Callable
from typing import Final

import httptools

from sealink.errors import HeaderList, SealinkError, UpstreamError
from sealink.net.client.content_encoding import Decoder, decoder_for
from sealink.net.client.failure import malformed, truncated, unasked, undecodable, upstream_failure
from sealink.net.client.limits import UpstreamLimits

Taker = Callable[[bytes], bool]
PassOn = Callable[[bytes], bool | None]

_MAX_SIZE_DIGITS: Final = 8
_BODYLESS_STATUSES: Final = (204, 304)


class Response:
    """Implements UpstreamResponse. `status` is 0 until the headers are in; `headers` have lower-case names.

    `in_body`, `complete`, `keep_alive`, `surplus` and `rest` are for the connection: whether only the body's bytes are
    awaited, whether all has come, whether the connection may be used again, whether more came than belongs here, and
    what has been read from the socket and is to be fed in the loop's next turn, in which `feed_rest` is called.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        peer: str,
        method: str,
        limits: UpstreamLimits,
        feed_rest: Callable[[], None],
    ) -> None:
        self.status = 0
        self.headers: HeaderList = ()
        self.framed = False
        self.in_body = False
        self.complete = False
        self.keep_alive = False
        self.surplus = False
        self.rest = b""
        self._feed_rest = feed_rest
        self._transport = transport
        self._peer = peer
        self._limits = limits
        self.method = method
        self._loop = asyncio.get_running_loop()
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._fields: list[tuple[str, str]] = []
        self._header_bytes = 0
        self._fruitless_bytes = 0  # fed to the parser since the body last grew
        self._chunks: list[bytes] = []
        self._unread_bytes = 0
        self._is_paused = False
        self._decoder: Decoder | None = None
        self._error: SealinkError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._taker: Taker | None = None
        self._pass_on: PassOn | None = None
        self._chunk_limit = 0
        """Between two chunks: up to which size the next one needs no parser. Else 0."""

    # The reader's side

    async def begin(self) -> None:
        """Returns when the headers are in. Raises SealinkError if they do not come, or announce what is unknown."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._news()
        self._decoder, self.headers = decoder_for(self.headers, self._peer)

    async def read(self) -> bytes:
        """The next bytes of the body, all that wait; b"" at its end."""
        while self._decoder is not None:
            data = await self._read_decoded(self._decoder)
            if data is None:
                return b""
            if data:
                return data
        while not self._chunks:
            if self._has_ended():
                return b""
            await self._news()
        return self._take()

    async def forward(self, take: Taker, pass_on: PassOn | None = None) -> bool:
        """Give the body to `take` as it comes, in the very call that received it, while it answers True.

        `pass_on` is asked first, with each read that begins with a chunk's header. It answers None to one that it
        leaves alone. Returns whether the body has come to its proper end. Raises as `read` does.
        """
        while self._chunks or self._decoder is not None or await self._hand_over(take, pass_on):
            data = await self._next_piece()
            if data is None:
                return True
            if not take(data):
                return False
        return False

    async def _next_piece(self) -> bytes | None:
        """The next bytes of the body, of those that wait no more than one turn may handle; None at the end.

        b"": compressed bytes have come that have not become any others yet.
        """
        if self._decoder is not None:
            return await self._read_decoded(self._decoder)
        most = self._limits.max_bytes_per_turn
        if self._unread_bytes > most:
            await asyncio.sleep(0)
        return self._take(most) if self._chunks else await self.read() or None

    async def _hand_over(self, take: Taker, pass_on: PassOn | None) -> bool:
        """Let `feed` call them; returns when they have had enough (False) or nothing more comes (True)."""
        self._taker, self._pass_on = take, pass_on
        try:
            while self._taker is not None and not self.complete and self._error is None:
                await self._news()
            return self._taker is not None
        finally:
            self._taker = self._pass_on = None

    async def _read_decoded(self, decoder: Decoder) -> bytes | None:
        """What has come, decoded: one piece of it in each turn of the loop, and maybe nothing yet. None at the end."""
        if decoder.pending:
            await asyncio.sleep(0)
        while not self._chunks and not decoder.pending:
            if self._has_ended():
                self._decode_end(decoder)
                return None
            await self._news()
        return self._decode(decoder) if self._decoder is not None else b""  # unless it has failed meanwhile

    def _decode(self, decoder: Decoder) -> bytes:
        data = b"" if decoder.pending else self._take()
        try:
            out = decoder.decode(data, self._limits.max_bytes_per_turn)
        except (zlib.error, UpstreamError) as error:
            self.fail(upstream_failure(error, self._peer, "exchange"))
            return b""
        if decoder.transparent:
            self._decoder = None
        return out

    def _decode_end(self, decoder: Decoder) -> None:
        try:
            decoder.finish()
        except UpstreamError as error:
            self.fail(error)
            raise

    def _has_ended(self) -> bool:
        if self._error is not None:
            raise self._error
        return self.complete

    def _take(self, most: int | None = None) -> bytes:
        """What waits, or at most so many bytes of it."""
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        if most is not None and len(data) > most:
            chunks.append(data[most:])
            data = data[:most]
        self._unread_bytes -= len(data)
        if self._is_paused:
            self.read_on()
        return data

    def _news(self) -> asyncio.Future[None]:
        """Done when something has come since. A reader that is cancelled just leaves it behind."""
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def close(self) -> None:
        """Give the rest up: unless all has come, the connection is closed at once."""
        self._give_up(UpstreamError(f"The answer of {self._peer} was closed.", code="upstream_closed"))

    def release(self) -> None:
        """Give the rest up, but wait a moment for the end that is due, so that the connection can be used again."""
        if not self.complete and self._error is None:
            self._loop.call_later(self._limits.linger_s, self.close)

    def fail(self, error: SealinkError) -> None:
        """End the body with `error`: the pending or next read raises it, whatever was still unread."""
        self._chunks.clear()
        self._unread_bytes = 0
        self._decoder = None
        self._give_up(error)
        self._error = error

    def _give_up(self, error: SealinkError) -> None:
        if not self.complete and self._error is None:
            self.break_off(error)
            self._transport.abort()

    # The connection's side

    def feed(self, data: bytes) -> None:
        """Some more of the response has come. Raises what httptools does."""
        if self._pass_on is not None and len(data) <= self._chunk_limit:
            goes_on = self._pass_on(data)
            if goes_on:  # nearly every read
                return
            if goes_on is not None:
                self._taker = self._pass_on = None
                self._wake()
                return
        chunk = _only_chunk(data, self._chunk_limit) if self._chunk_limit else b""
        if not chunk:
            if self._parser is not None:
                self._parse(self._parser, data)
            self._deliver()
        elif self._taker is None or self._chunks:
            self.on_body(chunk)
            self._deliver()
        elif not self._taker(chunk):
            self._taker = self._pass_on = None
            self._wake()

    def _parse(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        most = self._limits.max_bytes_per_turn
        if len(data) > most:
            self._put_off(data[most:])
            data = data[:most]
        self._fruitless_bytes += len(data)
        parser.feed_data(data)
        if not data.endswith(b"\r\n"):
            self._chunk_limit = 0  # the next chunk's header may have begun: llhttp tells when it is whole
        limit = self._limits.max_header_bytes
        if self._fruitless_bytes > 2 * limit and not self.complete:  # a field that llhttp has not reported yet
            raise malformed(self._peer, f"a field or chunk extension is longer than {limit} bytes")

    def _put_off(self, data: bytes) -> None:
        """Keep the rest of a read for the next turn. Until then nothing more is read."""
        self.rest = data
        if not self._is_paused:
            self._pause()
        self._loop.call_soon(self._feed_rest)

    def read_on(self) -> None:
        """Read from the socket again, unless there is more to feed, or too much that waits."""
        if self._is_paused and not self.rest and self._unread_bytes <= self._limits.max_buffered_bytes:
            self._resume()

    def _deliver(self) -> None:
        if self._taker is None:
            self._limit_unread()
            self._wake()
        elif self._chunks and not self._taker(self._take()):
            self._taker = self._pass_on = None
            self._wake()

    def _limit_unread(self) -> None:
        too_much = self._unread_bytes > self._limits.max_buffered_bytes
        if too_much and self.in_body and not self._is_paused:
            self._pause()

    def break_off(self, error: SealinkError) -> None:
        """The connection has failed: what came before it can still be read, then `error` is raised."""
        if not self.complete and self._error is None:
            self._error = error
            self._settle()

    def end_of_stream(self) -> None:
        """The connection has ended properly. Is that the end of the body?"""
        if self.in_body and not self.framed:
            self._finish()
        else:
            self.break_off(truncated(self._peer))

    def _finish(self) -> None:
        self.complete = True
        self._settle()

    def _settle(self) -> None:
        self.in_body = False
        self._parser = None  # it refers back to this response
        self._chunk_limit = 0
        self.surplus = self.surplus or bool(self.rest)
        self.rest = b""
        if self._is_paused:
            self._resume()
        self._wake()

    def _pause(self) -> None:
        self._is_paused = True
        self._transport.pause_reading()

    def _resume(self) -> None:
        self._is_paused = False
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # llhttp's side. What is raised here comes out of feed() in an HttpParserCallbackError

    def on_message_begin(self) -> None:
        if self.complete:
            raise malformed(self._peer, "something follows its end")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._limits.max_header_bytes:
            raise malformed(self._peer, f"its headers are longer than {self._limits.max_header_bytes} bytes")
        if not self.status:  # a trailer is of no use to anyone
            self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        if status < 100 or status == 101:
            raise unasked(self._peer, status)
        if status < 200:
            self._fields = []  # an interim response, the real one follows (RFC 9110 §15.2)
            return
        self.status = status
        self.headers = self._fields
        self.keep_alive = parser.should_keep_alive()
        self._frame_body()
        self._wake()

    def _frame_body(self) -> None:
        """Where the body ends (RFC 9112 §6.3): llhttp finds the ends, and does not know what was asked."""
        named = dict(self.headers)
        opens_tunnel = self.method == "CONNECT" and self.status < 300
        has_no_body = self.method == "HEAD" or opens_tunnel or self.status in _BODYLESS_STATUSES
        coding = named.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise undecodable(self._peer, f"its transfer-encoding is {coding}")
        self.framed = has_no_body or coding is not None or "content-length" in named
        self.in_body = True
        if has_no_body:
            self._finish()

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self.surplus = True  # a body where there must be none
            return
        self._chunks.append(data)
        self._unread_bytes += len(data)
        self._fruitless_bytes = 0

    def on_chunk_header(self) -> None:
        self._chunk_limit = 0

    def on_chunk_complete(self) -> None:
        self._chunk_limit = self._limits.max_bytes_per_turn if self.in_body else 0

    def on_message_complete(self) -> None:
        if self.in_body:
            self._finish()


def _only_chunk(data: bytes, most: int) -> bytes:
    """The body of the one whole chunk that `data` is (RFC 9112 §7.1), of at most `most` bytes; b"" if it is anything
    else."""
    end = data.find(b"\r\n", 0, _MAX_SIZE_DIGITS + 2)
    digits = data[:end]
    if end < 1 or not digits.isalnum() or not data.endswith(b"\r\n"):
        return b""
    try:
        size = int(digits, 16)
    except ValueError:
        return b""
    return data[end + 2 : -2] if 0 < size <= most and len(data) == end + size + 4 else b""
