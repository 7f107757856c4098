"""Streams while five browsers have the console's page Live open, and while none has: what that adds to their chunks.

Nothing is done for the browsers at a chunk. What is measured are some seconds of the streams: so many chunks of each
and, where the page is open, that the browsers are told how far the streams have got, once in each second.
"""

import asyncio
import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from fake_transports import FakeTransport, Loop, UpstreamTransport

from sealink.admin.sessions import Sessions
from sealink.app.app import App
from sealink.console.live_feed import LiveFeed
from sealink.http import Dispatcher, Endpoint
from sealink.net.server import Server, ServerLimits
from sealink.wire.dialects import openai_chat

STREAMS: Final = {"": 20, "alone ": 1}
"""How many streams are open. What does not grow with them weighs most on one that is alone."""
CHUNKS: Final = 50
"""Of a stream, in a second."""
SECONDS: Final = 2
BROWSERS: Final = 5
WARM_UP: Final = 5
_COOKIE: Final = "bench"
_REFRESH_S: Final = 0.1
"""Instead of a second: the loop does little else meanwhile."""


class Peer(FakeTransport):
    """A connection that counts what is written to it."""

    def __init__(self, protocol: Any, request: bytes) -> None:
        super().__init__()
        self.writes = 0
        self.last: bytes = b""
        self._awaited = 0
        self._is_there: asyncio.Future[None] | None = None
        self._protocol = protocol
        protocol.connection_made(self)
        protocol.data_received(request)

    def write(self, data: Any) -> None:
        self.writes += 1
        self.last = data
        if self.writes == self._awaited and self._is_there is not None:
            self._is_there.set_result(None)

    async def written(self, number: int) -> None:
        """Wait until there were so many writes."""
        if self.writes < number:
            self._awaited, self._is_there = number, asyncio.get_running_loop().create_future()
            await self._is_there

    def leave(self) -> None:
        self._protocol.connection_lost(None)


async def measure(
    loop: Loop, app: App, request: bytes, repeats: int, mark: Callable[[], object]
) -> list[tuple[str, int]]:
    """What was measured, in its order, and how many seconds of streams. `request` asks for a stream; the loop's answer
    leaves it open, and its last read is a chunk."""
    assert loop.serve is not None
    serve_streams, sessions = loop.serve, Sessions(_COOKIE, 3600.0)
    serve_browsers = await _served(loop, app, sessions)
    measured: list[tuple[str, int]] = []
    for name, count in STREAMS.items():
        for kind, number in (("closed", 0), ("open", BROWSERS)):
            for _ in range(repeats):
                streams, upstreams = await _open(loop, serve_streams, request, count)
                browsers = [Peer(serve_browsers(), _events(sessions)) for _ in range(number)]
                await _go_on(upstreams, browsers, loop.answer[-1], WARM_UP, 1)
                gc.collect()
                mark()
                await _go_on(upstreams, browsers, loop.answer[-1], SECONDS, CHUNKS)
                mark()
                _check(browsers, count)
                for peer in (*browsers, *streams):
                    peer.leave()
            measured += [(name + kind, count * SECONDS)] * repeats
    return measured


async def _open(
    loop: Loop, serve: Callable[[], Any], request: bytes, count: int
) -> tuple[list[Peer], list[UpstreamTransport]]:
    """Streams, and the upstreams' ends of them."""
    for upstream in loop.upstreams:
        upstream.is_asked = False
    streams = [Peer(serve(), request) for _ in range(count)]
    for stream in streams:
        await stream.written(len(loop.answer) - 1)
    return streams, [upstream for upstream in loop.upstreams if upstream.is_asked]


async def _go_on(
    upstreams: list[UpstreamTransport], browsers: list[Peer], chunk: bytes, times: int, chunks: int
) -> None:
    """So many times so many chunks of each stream, and the browsers told after them."""
    for _ in range(times):
        for upstream in upstreams * chunks:
            upstream.protocol.data_received(chunk)
        await (_told(browsers) if browsers else asyncio.sleep(_REFRESH_S))


async def _told(browsers: list[Peer]) -> None:
    """Wait until all are told once."""
    await browsers[-1].written(browsers[-1].writes + 1)


def _check(browsers: list[Peer], streams: int) -> None:
    for browser in browsers:
        if bytes(browser.last).count(b'"streaming"') != streams:
            raise SystemExit(f"not all streams are told: {bytes(browser.last).decode()}")


def _events(sessions: Sessions) -> bytes:
    """The request of a browser that has signed in."""
    number = sessions.open("bench")
    return b"GET /live/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: %b=%b\r\n\r\n" % (
        _COOKIE.encode(),
        number.encode(),
    )


async def _served(loop: Loop, app: App, sessions: Sessions) -> Callable[[], Any]:
    """The feed, at an address of a server."""
    backend: Any = SimpleNamespace(live=app._control().live, sessions=sessions, refresh_s=_REFRESH_S)
    endpoint = Endpoint("GET", "/live/events", LiveFeed(backend).answer, openai_chat.CLIENT.error_body)
    dispatcher = Dispatcher([endpoint], max_body_bytes=1024)
    server = Server(
        dispatcher.handle,
        limits=ServerLimits(),
        check_head=dispatcher.check_head,
        error_response=dispatcher.error_response,
    )
    await server.start_on([FakeTransport().get_extra_info("socket")])
    assert loop.serve is not None
    return loop.serve
