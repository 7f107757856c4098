"""One response as it comes in: llhttp feeds it on one side, the gateway reads it on the other.

waiting for headers ──▶ in_body ──▶ complete
          └────────────────┴──────▶ failed

A read from the socket that is exactly one chunk of the transfer coding, as nearly all are, needs no parser: it goes
straight to whom the body is forwarded. Nor does a head as nearly all are, with a body that is all there, or with whole
chunks behind it (plain_response.py). Whatever else comes, llhttp reads, and goes on to the end.

However fast it comes, and whatever it inflates to: of one response no more than `max_bytes_per_turn` is handled in a
turn of the event loop, so that other connections, timers and signals have theirs.
"""

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

import httptools

from sealink.errors import HeaderList, SealinkError, UpstreamError
from sealink.net.client.content_encoding import Decoder, decoder_for, may_be_compressed
from sealink.net.client.failure import malformed, truncated, unasked, undecodable, upstream_failure
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.plain_response import PlainHead, plain_head, whole_chunks

Taker = Callable[[bytes], bool]
PassOn = Callable[[bytes], bool | None]

_BODYLESS_STATUSES: Final = (204, 304)
_BODYLESS_METHODS: Final = ("HEAD", "CONNECT")
_CHUNKED_HEAD: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
"""What llhttp is given for a head that was read without it, to go on behind."""


class Response:
    """Implements UpstreamResponse. `status` is 0 until the headers are in; `headers` have lower-case names.

    `in_body`, `complete`, `keep_alive`, `surplus` and `rest` are for the connection: whether only the body's bytes are
    awaited, whether all has come, whether the connection may be used again, whether more came than belongs here, and
    what has been read from the socket and is to be fed in the loop's next turn, in which `feed_rest` is called.
    A read of at most `passable` bytes is to be offered to `pass_on` before `feed`: the body is forwarded, and between
    two chunks.
    `stop_sending` gives up what is under way for it: the connection, or the opening of one.
    """

    __slots__ = (
        "__weakref__",
        "_awaits_turn",
        "_chunk_limit",
        "_chunks",
        "_decoder",
        "_error",
        "_feed_rest",
        "_fields",
        "_fruitless_bytes",
        "_header_bytes",
        "_headers",
        "_is_paused",
        "_limits",
        "_parser",
        "_peer",
        "_plain_head",
        "_taker",
        "_transport",
        "_unread_bytes",
        "complete",
        "framed",
        "in_body",
        "keep_alive",
        "method",
        "on_news",
        "pass_on",
        "passable",
        "rest",
        "status",
        "stop_sending",
        "surplus",
    )

    def __init__(self, peer: str, method: str, limits: UpstreamLimits) -> None:
        self.status = 0
        self.framed = False
        self.on_news: Callable[[], None] | None = None
        self.in_body = False
        self.complete = False
        self.keep_alive = False
        self.surplus = False
        self.rest = b""
        self.method = method
        self.stop_sending: Callable[[], object] | None = None
        self._peer = peer
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._feed_rest: Callable[[], None] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._plain_head: PlainHead | None = None
        self._headers: HeaderList = ()
        self._fields: list[tuple[str, str]] = []
        self._header_bytes = 0
        self._fruitless_bytes = 0  # fed to the parser since the body last grew
        self._chunks: list[bytes] = []
        self._unread_bytes = 0
        self._is_paused = False
        self._decoder: Decoder | None = None
        self._error: SealinkError | None = None
        self._awaits_turn = False
        self._taker: Taker | None = None
        self.pass_on: PassOn = _leave_alone
        self.passable = 0
        self._chunk_limit = 0
        """Between two chunks: up to which size the next one needs no parser. Else 0."""

    def sent_over(self, transport: asyncio.Transport, peer: str, feed_rest: Callable[[], None]) -> None:
        """The request is sent over this connection."""
        self._transport = transport
        self._peer = peer
        self._feed_rest = feed_rest
        self.stop_sending = transport.abort

    @property
    def headers(self) -> HeaderList:
        return self._headers if self._plain_head is None else self._plain_head.headers

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.complete or self._error is not None

    # The reader's side

    def read_now(self) -> bytes | None:
        """The next bytes of the body; None while there are none, b"" at its end.

        Of those that wait no more than one turn of the loop may handle: in the next there is news again.
        """
        if self._awaits_turn:
            return None
        if self._decoder is not None:
            return self._read_decoded(self._decoder)
        if not self._chunks:
            return b"" if self._has_ended() else None
        data = self._take(self._limits.max_bytes_per_turn)
        if self._chunks:
            self._await_turn()
        return data

    def forward_to(self, take: Taker, pass_on: PassOn | None = None) -> None:
        """Give each piece of the body to `take`, until it answers False. What has to be decoded is still to be read.

        `pass_on` is asked first, with each read that begins with a chunk's header. It answers None to one that it
        leaves alone.
        """
        if self._decoder is None and not self._awaits_turn:
            self._taker, self.pass_on, self.passable = take, pass_on or _leave_alone, self._chunk_limit

    async def begin(self) -> None:
        """Returns when the headers are in. Raises SealinkError if they do not come, or announce what is unknown."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._news()

    async def read(self) -> bytes:
        """The next bytes of the body, all that wait, for a task that has nothing else to do; b"" at its end."""
        while True:
            if self._decoder is None and self._chunks:
                return self._take()
            if (data := self.read_now()) is not None:
                return data
            await self._news()

    def _read_decoded(self, decoder: Decoder) -> bytes | None:
        while self._chunks or decoder.pending:
            data = self._decode(decoder)
            if decoder.pending:
                self._await_turn()
            if data or decoder.pending:
                return data or None
        if not self._has_ended():
            return None
        self._decode_end(decoder)
        return b""

    def _await_turn(self) -> None:
        self._awaits_turn = True
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._awaits_turn = False
        self._notify()

    def _decode(self, decoder: Decoder) -> bytes:
        data = b"" if decoder.pending else self._take()
        try:
            out = decoder.decode(data, self._limits.max_bytes_per_turn)
        except (zlib.error, UpstreamError) as error:
            failure = upstream_failure(error, self._peer, "exchange")
            self._give_up(failure)
            raise failure from error
        if decoder.transparent:
            self._decoder = None
        return out

    def _decode_end(self, decoder: Decoder) -> None:
        try:
            decoder.finish()
        except UpstreamError as error:
            self._give_up(error)
            raise

    def _has_ended(self) -> bool:
        if self._error is not None:
            raise self._error
        return self.complete

    def _take(self, most: int | None = None) -> bytes:
        """What waits, or at most so many bytes of it."""
        chunks = self._chunks
        if len(chunks) == 1:
            data = chunks.pop()
        else:
            data = b"".join(chunks)
            chunks.clear()
        if most is not None and len(data) > most:
            chunks.append(data[most:])
            data = data[:most]
        self._unread_bytes -= len(data)
        if self._is_paused:
            self.read_on()
        return data

    def _news(self) -> "asyncio.Future[None]":
        """Done when something has come since. A reader that is cancelled just leaves it behind."""
        waiter = asyncio.get_running_loop().create_future()
        self.on_news = partial(_wake, waiter)
        return waiter

    def close(self) -> None:
        """Give the rest up: unless all has come, the connection is closed at once."""
        self.on_news = None
        self.stop_forwarding()
        if not self.is_over:
            self._give_up(UpstreamError(f"The answer of {self._peer} was closed.", code="upstream_closed"))

    def release(self) -> None:
        """Give the rest up, but wait a moment for the end that is due, so that the connection can be used again."""
        self.on_news = None
        self.stop_forwarding()
        if not (self.complete or self.is_over):
            asyncio.get_running_loop().call_later(self._limits.linger_s, self.close)

    def _give_up(self, error: SealinkError) -> None:
        """End the body with `error`, whatever was still unread."""
        was_over, self._error = self.is_over, error
        self._chunks.clear()
        self._unread_bytes = 0
        self._decoder = None
        if not was_over:
            self._settle()
            if self.stop_sending is not None:
                self.stop_sending()

    # The connection's side

    def feed(self, data: bytes) -> bool:
        """Some more of the response has come. True: it was a chunk that has been taken. Otherwise `deliver` is to
        follow. Raises what httptools does, and SealinkError."""
        self.passable = 0
        chunks = whole_chunks(data) if len(data) <= self._chunk_limit else None
        if chunks is None:
            is_over = self.complete or self._error is not None
            if not (is_over or (self._parser is None and self._read_plain(data))):
                self._parse(data)
            return False
        if self._taker is None or self._chunks or len(chunks) > 1 or not chunks[0]:
            self._take_chunks(chunks)
            return False
        self._give(self._taker, chunks[0])
        return True

    def _give(self, taker: Taker, data: bytes) -> None:
        if taker(data):
            self.passable = self._chunk_limit
        else:
            self.stop_forwarding()

    def stop_forwarding(self) -> None:
        """What comes from now on is to be read."""
        self._taker, self.pass_on, self.passable = None, _leave_alone, 0

    def _read_plain(self, data: bytes) -> bool:
        """Read the head, and what is behind it. Returns False, and has done nothing, where that needs a parser."""
        if self.status or len(data) > self._limits.max_bytes_per_turn:
            return False
        head = plain_head(data, self._limits.max_header_bytes) if self.method not in _BODYLESS_METHODS else None
        if head is None:
            return False
        body = data[len(head.raw) :]
        if head.length is not None:
            if head.length == len(body):
                self._take_whole(head, body)
            return self.complete
        if (chunks := whole_chunks(body)) is not None:
            self._begin_chunks(head, chunks)
            self._take_chunks(chunks)
        return chunks is not None

    def _take_whole(self, head: PlainHead, body: bytes) -> None:
        """A head, and all of its body."""
        self._plain_head = head
        self.status = 200
        self.framed = self.keep_alive = self.complete = True
        if body:
            self._chunks.append(body)
            self._unread_bytes = len(body)

    def _begin_chunks(self, head: PlainHead, chunks: list[bytes]) -> None:
        """A head, and the first chunks of the body, if any."""
        self._plain_head = head
        self.status = 200
        self.framed = self.in_body = self.keep_alive = True
        self._chunk_limit = self._limits.max_bytes_per_turn
        if head.is_event_stream and (not chunks or may_be_compressed(chunks[0])):
            self._decoder = Decoder("unnamed", self._peer)

    def _take_chunks(self, chunks: list[bytes]) -> None:
        is_end = bool(chunks) and not chunks[-1]
        if is_end:
            chunks.pop()
        self._chunks += chunks
        self._unread_bytes += sum(map(len, chunks))
        self._fruitless_bytes = 0
        if is_end:
            self._finish()

    def _parse(self, data: bytes) -> None:
        parser = self._parser or self._begin_parser()
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

    def _begin_parser(self) -> httptools.HttpResponseParser:
        parser = self._parser = httptools.HttpResponseParser(self)
        if self._plain_head is not None:
            parser.feed_data(_CHUNKED_HEAD)
        return parser

    def _put_off(self, data: bytes) -> None:
        """Keep the rest of a read for the next turn. Until then nothing more is read."""
        self.rest = data
        if not self._is_paused:
            self._pause()
        assert self._feed_rest is not None
        asyncio.get_running_loop().call_soon(self._feed_rest)

    def read_on(self) -> None:
        """Read from the socket again, unless there is more to feed, or too much that waits."""
        if self._is_paused and not self.rest and self._unread_bytes <= self._limits.max_buffered_bytes:
            self._resume()

    def deliver(self) -> None:
        """Give what has come to whoever is there for it."""
        if self._taker is not None and self._chunks:
            self._give(self._taker, self._take())
            if self.in_body:
                return
        self._notify()
        self._limit_unread()

    def _notify(self) -> None:
        if self.on_news is not None:
            self.on_news()

    def _limit_unread(self) -> None:
        too_much = self._unread_bytes > self._limits.max_buffered_bytes
        if too_much and self.in_body and not self._is_paused:
            self._pause()

    def break_off(self, error: SealinkError) -> None:
        """The connection has failed: what came before it can still be read, then `error` is raised."""
        if not self.is_over:
            self._error = error
            self._settle()
        self._notify()

    def end_of_stream(self) -> None:
        """The connection has ended properly. Is that the end of the body?"""
        if self.in_body and not self.framed:
            self._finish()
            self._notify()
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

    def _pause(self) -> None:
        self._is_paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def _resume(self) -> None:
        self._is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

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
        if self._plain_head is not None:
            return
        assert parser is not None
        status = parser.get_status_code()
        if status < 100 or status == 101:
            raise unasked(self._peer, status)
        if status < 200:
            self._fields = []  # an interim response, the real one follows (RFC 9110 §15.2)
            return
        named = dict(self._fields)
        self._decoder, self._headers = decoder_for(self._fields, named, self._peer)
        self.status = status
        self.keep_alive = parser.should_keep_alive()
        self._frame_body(named)

    def _frame_body(self, named: dict[str, str]) -> None:
        """Where the body ends (RFC 9112 §6.3): llhttp finds the ends, and does not know what was asked."""
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


def _leave_alone(read: bytes) -> bool | None:
    """Nothing is passed on."""


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
