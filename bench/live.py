"""Five browsers that have the console's page Live open, while streams run: what it takes to tell them of each stream
once. Nothing is done for them at a chunk: the open streams are read when it is time, once for all browsers."""

import asyncio
import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from fake_transports import FakeTransport, Loop
from starlette.responses import StreamingResponse

from sealink.app.app import App
from sealink.console.live_feed import LiveFeed
from sealink.http import Dispatcher, Endpoint
from sealink.http.asgi import AsgiHandler
from sealink.net.server import Server, ServerLimits
from sealink.wire.dialects import openai_chat

STREAMS: Final = 500
"""As many as are listed."""
BROWSERS: Final = 5
REFRESHES: Final = 3
"""In one measurement."""
_EVENTS: Final = b"GET /live/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
_REFRESH_S: Final = 0.001
"""As often as can be: nothing else is to be counted."""


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


async def measure(loop: Loop, app: App, request: bytes, repeats: int, mark: Callable[[], object]) -> None:
    """`request` asks for a stream; the loop's answer leaves it open."""
    assert loop.serve is not None
    streams = [Peer(loop.serve(), request) for _ in range(STREAMS)]
    for stream in streams:
        await stream.written(len(loop.answer) - 1)
    serve = await _served(loop, app)
    browsers = [Peer(serve(), _EVENTS) for _ in range(BROWSERS)]
    await _told(browsers, 3)
    if bytes(browsers[0].last).count(b'"id"') != STREAMS:
        raise SystemExit(f"not all streams are open: {bytes(browsers[0].last).decode()}")
    for _ in range(repeats):
        gc.collect()
        mark()
        await _told(browsers, REFRESHES)
        mark()


async def _told(browsers: list[Peer], times: int) -> None:
    until = [browser.writes + times for browser in browsers]
    for browser, number in zip(browsers, until, strict=True):
        await browser.written(number)


async def _served(loop: Loop, app: App) -> Callable[[], Any]:
    """The feed at an address of a server."""
    backend: Any = SimpleNamespace(streams=app._control().streams, refresh_s=_REFRESH_S, refresh_share=1.0)
    feed = LiveFeed(backend)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(feed.events(lambda: True))(scope, receive, send)

    endpoint = Endpoint("GET", "/live/events", AsgiHandler(lambda: answer), openai_chat.CLIENT.error_body)
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
