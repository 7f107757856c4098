"""An HTTP request as SeaLink's server hands it on, and the two ends that a response travels between."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sealink.errors import HeaderList, SealinkError


class Request(msgspec.Struct):
    """One whole request. Header names are lower-case; a repeated header's values are joined by ", ".

    `path` and `query` are as they were sent, percent-encoded; the path of an absolute-form target
    (`GET http://host/path`) is `/path`, and its host stands in `headers["host"]`. `body` is without its
    chunks. `peer` is the client's address. `keep_alive`: the client is ready to use the connection again.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    peer: str = ""
    version: str = "1.1"
    keep_alive: bool = True


class Responder(Protocol):
    """The client's end of one response.

    `send` answers whole. A stream is `start`, then `write` as often as needed, then `finish`; the first and the last
    take a piece along. A writer that sees `paused`, which `write` answers with False, awaits `drain` before it writes
    on, so that no more than the server's `max_unsent_bytes` wait in memory. `bytes_sent` counts what was written. All
    are no-ops once the client has gone. Framing, `connection` and `date` are the server's to say; other headers go out
    as they are, their names in lower case.

    The handler's task is cancelled for one of two reasons. The client has left before the response was
    finished: `gone` is True (with `on_gone` set, that is called instead, and `too_slow` says whether the server has
    sent the client away for taking nothing). The server stops
    and the time to drain is over: `gone` is False, and a moment is left to end the stream with an error.
    """

    started: bool
    paused: bool
    gone: bool
    too_slow: bool
    bytes_sent: int
    on_gone: Callable[[], None] | None

    def send(self, status: int, headers: HeaderList, body: bytes) -> None: ...
    def start(self, status: int, headers: HeaderList, data: bytes = b"") -> None: ...
    def write(self, data: bytes) -> bool: ...
    async def drain(self) -> None: ...
    def finish(self, data: bytes = b"") -> None: ...
    def abort(self) -> None:
        """Drop the connection: a stream that cannot be ended properly must not look as if it had been."""


def _nobody_asks() -> None: ...


class UpstreamRequest(msgspec.Struct):
    """`url` is absolute (`https://api.openai.com/v1/chat/completions`), `provider` the name of who is asked.

    `on_connected` is called when there is a connection and the request goes out on it: from then on it may be
    worked on, and charged for.
    """

    method: str
    url: str
    headers: HeaderList
    body: bytes = b""
    provider: str = ""
    on_connected: Callable[[], None] = _nobody_asks


class UpstreamResponse(Protocol):
    """The upstream's end. `read` gives the next bytes as they come, b"" at the proper end of the body.

    `read` raises UpstreamError (`upstream_truncated`, `upstream_reset`) when the body breaks off. `forward`
    gives each piece to `take` in the very call that received it, while `take` answers True, and returns
    whether the body has come to its proper end: a task that is woken for every piece costs more than the rest.
    `close` may be called at any time and more than once: unless the body has wholly come, the connection is
    closed at once. `release` gives the rest up too, but waits a moment for an end that is due, so that the pool
    can use the connection again. `fail` ends the body with an error of SeaLink's own, a timer's: the pending or
    next `read` raises it. `framed` says whether the end of the body can be told from a cut (chunks or a length,
    not just the connection's end).
    """

    status: int
    headers: HeaderList
    framed: bool

    async def read(self) -> bytes: ...
    async def forward(self, take: Callable[[bytes], bool]) -> bool: ...
    def close(self) -> None: ...
    def release(self) -> None: ...
    def fail(self, error: SealinkError) -> None: ...
