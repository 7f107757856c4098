"""An HTTP request as SeaLink's server hands it on, and the two ends between which a response travels."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sealink.errors import HeaderList
from sealink.net.header_lines import Headers


class Request(msgspec.Struct):
    """One whole request. Header names are lower-case; a repeated header's values are joined by ", ".

    `path` and `query` are as they were sent, percent-encoded; the path of an absolute-form target
    (`GET http://host/path`) is `/path`, and its host stands in `headers["host"]`. `body` is without its
    chunks. `peer` is the client's address. `keep_alive`: the client is ready to use the connection again.
    `principal` is who sends it, where that has been found out; `id` is what the request is called in answers and rows.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    peer: str = ""
    version: str = "1.1"
    keep_alive: bool = True
    principal: object = None
    id: str = ""


class Responder(Protocol):
    """The client's end of one response.

    `send` answers whole. A stream is `start`, then `write` as often as needed, then `finish`; the first and the last
    take data along. `write` returns False, and `paused` is True, while more than the server's `max_unsent_bytes` wait
    for the client; a writer then awaits `flush` before it goes on. `bytes_sent` counts what was written. Once the
    client has gone, all of them do nothing. The server adds the framing, `connection` and `date`; other headers go
    out as they are, their names in lower case.

    A handler's task is cancelled for one of two reasons. Either the client has left before the response was finished:
    `gone` is True, and `too_slow` says whether the server has dropped the client for not reading. Or the server stops
    and its shutdown grace is over: `gone` is False, and there is a moment left to end the stream with an error.
    A handler without a task gives the response an owner by `hold`, who is told the same, and lets go of it in the end.
    """

    started: bool
    paused: bool
    gone: bool
    too_slow: bool
    bytes_sent: int

    @property
    def is_chunked(self) -> bool:
        """Whether the stream has been started and goes out in chunks, so that `write_chunk` may be used."""

    def write_chunk(self, chunk: bytes, size: int) -> bool:
        """What `write` does, for data that is framed as a chunk already: `size` bytes without its framing."""

    def hold(self, owner: "ResponseOwner") -> None: ...
    def let_go(self, bug: Exception | None = None) -> None:
        """The owner has done all it had to do, or has failed by a `bug`, which the server logs and answers."""

    def send(self, status: int, headers: Headers, body: bytes) -> None: ...
    def start(self, status: int, headers: Headers, data: bytes = b"") -> None: ...
    def write(self, data: bytes) -> bool: ...
    async def flush(self) -> None: ...
    def finish(self, data: bytes = b"") -> None: ...
    def abort(self) -> None:
        """Drop the connection: a stream that cannot be ended properly must not look as if it had been."""


class ResponseOwner(Protocol):
    """What answers a request without a task, after its handler has returned."""

    def client_gone(self) -> None:
        """The client has left before the response was finished."""

    def client_ready(self) -> None:
        """The client's buffer has room again, after `write` has returned False."""

    def shut_down(self) -> None:
        """The server stops, and its shutdown grace is over."""


def ignore() -> None:
    """Nobody is to be told."""


class UpstreamRequest(msgspec.Struct):
    """A request to an upstream. `url` is absolute (`https://api.openai.com/v1/chat/completions`).

    `provider` is the upstream's name. `on_connected` is called when there is a connection and the request goes out on
    it: from then on it may be worked on, and charged for. `own_lines` go out behind `headers`, and belong to this
    request alone: those of `headers` are kept for the next one. They are written by SeaLink, each with its end, and not
    looked at again.
    """

    method: str
    url: str
    headers: HeaderList
    body: bytes = b""
    provider: str = ""
    on_connected: Callable[[], None] = ignore
    own_lines: bytes = b""


class UpstreamResponse(Protocol):
    """The upstream's end of one response, from when its request is to be sent. Nothing waits for it.

    `on_news` is called, in the very call that received them, when the headers have come (`status` is 0 until then),
    some of the body, its end or a failure. `read_now` returns the next bytes: None while there are none, b"" at the
    proper end of the body. It raises SealinkError when the request failed or the body is cut off (`upstream_refused`,
    `upstream_truncated`, `upstream_reset`).
    `forward_to` has each piece of the body given to `take` instead, until that answers False; `pass_on` is asked
    before, with each read that begins with a chunk's header as it came, and answers None to one that it leaves alone.
    A body that has to be decoded is still to be read.
    `close` may be called at any time and more than once: unless the whole body has come, the connection is closed at
    once. `release` gives the rest up too, but waits a moment for an end that is due, so that the pool can use the
    connection again. After both there is no news. `framed` says whether the end of the body can be told from a cut: it
    has chunks or a length, and does not just end with the connection.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> HeaderList: ...
    @property
    def framed(self) -> bool: ...

    on_news: Callable[[], None] | None

    def read_now(self) -> bytes | None: ...
    def forward_to(
        self, take: Callable[[bytes], bool], pass_on: Callable[[bytes], bool | None] | None = None
    ) -> None: ...
    def close(self) -> None: ...
    def release(self) -> None: ...


class Pool(Protocol):
    """Sends requests to upstreams: an UpstreamPool, one that records what it sees, or a test's fake."""

    def start(self, request: UpstreamRequest, *, connect_s: float) -> UpstreamResponse:
        """Send a request, at once or when a connection is open. Raises SealinkError if it cannot be sent."""
