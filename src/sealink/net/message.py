"""An HTTP request as SeaLink's server hands it on, and the two ends that a response travels between."""

from typing import Protocol

import msgspec

from sealink.errors import HeaderList


class Request(msgspec.Struct):
    """One whole request. Header names are lower-case; a repeated header's values are joined by ", "."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer: str = ""


class Responder(Protocol):
    """The client's end of one response.

    `send` answers whole. A stream is `start`, then `write` as often as needed, then `finish`; a writer
    that sees `paused` awaits `drain` before it writes on, so that no more than the server's
    `max_unsent_bytes` wait in memory. All are no-ops once the client has gone. When the client goes
    before the response is finished, the handler's task is cancelled, unless `keep_on_disconnect` is set.
    """

    started: bool
    paused: bool
    gone: bool
    keep_on_disconnect: bool

    def send(self, status: int, headers: HeaderList, body: bytes) -> None: ...
    def start(self, status: int, headers: HeaderList) -> None: ...
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def finish(self) -> None: ...
    def abort(self) -> None:
        """Drop the connection: a stream that cannot be ended properly must not look as if it had been."""


class UpstreamRequest(msgspec.Struct):
    """`url` is absolute (`https://api.openai.com/v1/chat/completions`)."""

    method: str
    url: str
    headers: HeaderList
    body: bytes = b""


class UpstreamResponse(Protocol):
    """The upstream's end. `read` gives the next bytes as they come, b"" at the proper end of the body.

    `read` raises UpstreamError (`upstream_truncated`, `upstream_reset`) when the body breaks off.
    `close` may be called at any time and more than once; it gives the connection back to the pool if the
    body was read to its end, and closes it at once otherwise.
    """

    status: int
    headers: HeaderList

    async def read(self) -> bytes: ...
    def close(self) -> None: ...
