"""The server's end of one response: the Responder that a handler is given."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from sealink.net.header_lines import HeaderLines, Headers, header_lines
from sealink.net.message import Request, ResponseOwner

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_WITHOUT_BODY: Final = frozenset({204, 304})


class ResponseWriter:
    """Writes one response onto a connection, and calls `on_end` when it is whole.

    `keep_alive` says whether the connection can serve another request afterwards; until the head is
    written it may be set to False, which sends `connection: close`.
    """

    __slots__ = (
        "_chunked",
        "_on_end",
        "_on_let_go",
        "_raw",
        "_resumed",
        "_transport",
        "bytes_sent",
        "ended",
        "gone",
        "keep_alive",
        "owner",
        "paused",
        "request",
        "started",
        "too_slow",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        request: Request,
        on_end: Callable[[], None],
        on_let_go: "Callable[[ResponseWriter, Exception | None], None] | None" = None,
    ) -> None:
        self.request = request
        self.keep_alive = request.keep_alive
        self.owner: ResponseOwner | None = None
        self.started = self.ended = self.paused = self.gone = self.too_slow = False
        self.bytes_sent = 0
        self._transport = transport
        self._on_end = on_end
        self._on_let_go = on_let_go
        self._resumed: asyncio.Event | None = None
        self._chunked = False  # what write() does: these two, or nothing
        self._raw = False

    def hold(self, owner: ResponseOwner) -> None:
        """From now on `owner` answers, not the handler's task."""
        self.owner = owner

    def let_go(self, bug: Exception | None = None) -> None:
        """The owner has done all it had to do, or has failed."""
        self.owner = None
        if self._on_let_go is not None:
            self._on_let_go(self, bug)

    def send(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer whole."""
        if self.gone:
            return
        framing = "" if status in _WITHOUT_BODY else f"content-length: {len(body)}\r\n"
        head = self._head(status, headers, framing)
        self._transport.write(head + body if self._has_body(status) else head)
        self.ended = True  # nothing was begun
        self._on_end()

    def start(self, status: int, headers: Headers, data: bytes = b"") -> None:
        """Begin a stream, with `data`: chunked, or to an HTTP/1.0 client up to the end of the connection."""
        if self.gone:
            return
        chunked, has_body = self.request.version != "1.0", self._has_body(status)
        if has_body and not chunked:
            self.keep_alive = False
        framing = "transfer-encoding: chunked\r\n" if chunked and status not in _WITHOUT_BODY else ""
        head = self._head(status, headers, framing)
        self._chunked, self._raw = has_body and chunked, has_body and not chunked
        self._transport.write(head + self._framed(data))

    def write(self, data: bytes) -> bool:
        """Write a piece of the stream, as one chunk. Returns whether there is room for more."""
        if self._chunked:
            if data:  # an empty chunk would end the body
                self.bytes_sent += len(data)
                self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        elif self._raw:
            self.bytes_sent += len(data)
            self._transport.write(data)
        else:
            self._check_unwritten()
        return not self.paused

    @property
    def is_chunked(self) -> bool:
        """Whether the stream is under way, and goes out in chunks."""
        return self._chunked

    def write_chunk(self, chunk: bytes, size: int) -> bool:
        """Write a piece of the stream that is a chunk already; `size` bytes without its framing."""
        if self._chunked:
            self.bytes_sent += size
            self._transport.write(chunk)
        return not self.paused

    async def flush(self) -> None:
        """Wait until the client's buffer has room, or the client has gone."""
        if self._resumed is not None:
            await self._resumed.wait()

    def finish(self, data: bytes = b"") -> None:
        """End the stream properly, with `data`. May be called again."""
        if self.gone or self.ended:
            return
        self._check_unwritten()
        last = self._framed(data) + (b"0\r\n\r\n" if self._chunked else b"")
        if last:
            self._transport.write(last)
        self._end()

    def abort(self) -> None:
        """Drop the connection, unsent bytes included."""
        if not self.ended:
            self.leave()
            self._transport.abort()

    def break_off(self, raw: bytes = b"", *, reset: bool = False) -> None:
        """Close the connection within the response, after `raw`, which need not be HTTP; by RST if `reset`.

        Only for a simulated provider that misbehaves.
        """
        if self.gone or self.ended:
            return
        self._transport.write(raw)
        self.leave()
        if reset:
            linger = struct.pack("ii", 1, 0)  # on, for no time: what is unsent is dropped
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        else:
            self._transport.close()

    def leave(self) -> None:
        """The client has gone: from here on nothing is written, and nobody waits for it."""
        self.gone = True
        self._chunked = self._raw = False
        self._let_write()

    def pause(self) -> None:
        """The client's buffer is full."""
        self.paused = True
        self._resumed = asyncio.Event()

    def resume(self) -> None:
        """The client's buffer has room again."""
        self._let_write()
        if self.owner is not None:
            self.owner.client_ready()

    def _let_write(self) -> None:
        self.paused = False
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None

    def _framed(self, data: bytes) -> bytes:
        """A piece of the stream as it goes out; nothing where nothing can be written."""
        if not data or not (self._chunked or self._raw):
            return b""
        self.bytes_sent += len(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def _end(self) -> None:
        self.ended = True
        self._chunked = self._raw = False
        self._on_end()

    def _has_body(self, status: int) -> bool:
        return self.request.method != "HEAD" and status not in _WITHOUT_BODY

    def _check_unwritten(self) -> None:
        """Raise RuntimeError where a handler writes before the response or after it: that is a bug."""
        if self.ended:
            raise RuntimeError("The response has already been finished.")
        if not self.started and not self.gone:
            raise RuntimeError("The response has not been started.")

    def _head(self, status: int, headers: Headers, framing: str) -> bytes:
        if self.started:
            raise RuntimeError("The response has already been started.")
        fields = headers if isinstance(headers, HeaderLines) else header_lines(headers)
        if not self.keep_alive:
            framing += "connection: close\r\n"
        elif self.request.version == "1.0":
            framing += "connection: keep-alive\r\n"
        head = f"{_status_line(status)}{fields}{framing}{_date_line(int(time.time()))}\r\n"
        encoded = _encoded(head)
        self.started = True
        return encoded


def _encoded(head: str) -> bytes:
    """As Latin-1, as which an upstream's headers were read, so that its bytes stay what they were; else as UTF-8."""
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError:
        lines = head.split("\r\n")
        return b"\r\n".join([line.encode("latin-1" if max(line, default="") <= "\xff" else "utf-8") for line in lines])


@lru_cache
def _status_line(status: int) -> str:
    known = {item.value: item.phrase for item in HTTPStatus}
    return f"HTTP/1.1 {status} {known.get(status, '')}\r\n"


@lru_cache(maxsize=1)
def _date_line(second: int) -> str:
    return f"date: {formatdate(second, usegmt=True)}\r\n"
