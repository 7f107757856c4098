"""What the Live page is pushed: the open streams, read once for all browsers that look, and only while any does.

A server-sent event is the same for all: a JSON array, in it for each process `[streams, others, now, rows]`: how many
streams are open, how many other requests, the time of the process, and the newest streams as a StreamRow of
gateway/open_exchanges.py has them. All rows are whole in the first event after a browser has come. One that misses a
whole row, since it reads slowly, comes anew.

This is done every second, so there is no task and no framework between the rows and the sockets.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from sealink.admin.sessions import Session, cookie_of
from sealink.console.backend import Backend
from sealink.errors import HeaderList
from sealink.http.endpoint import RequestContext
from sealink.http.responses import identity
from sealink.net.message import Request, Responder

_EVENT_STREAM: Final[HeaderList] = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("x-accel-buffering", "no"),
)


class LiveFeed:
    """Reads the open streams every `refresh_s` seconds while there is somebody to tell."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._loop = asyncio.get_running_loop()
        self._browsers: list[_Browser] = []
        self._has_new = False
        self._next: asyncio.Handle | None = None
        self._asking: asyncio.Task[None] | None = None

    def answer(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """Tell a browser from now on, until it leaves or its session ends."""
        sessions = self._backend.sessions
        session = sessions.find(cookie_of(request.headers.get("cookie", ""), sessions.cookie))
        port_headers = [*identity(context.request_id), *context.answer_headers]
        if session is None:
            responder.send(303, [("location", f"/login?next={quote(request.path)}"), *port_headers], b"")
        elif request.method == "HEAD":
            responder.send(200, [*_EVENT_STREAM, *port_headers], b"")
        else:
            responder.start(200, [*_EVENT_STREAM, *port_headers])
            self._add(_Browser(responder, session, self._remove))

    def _add(self, browser: "_Browser") -> None:
        """The next event comes at once."""
        self._browsers = [*self._browsers, browser]
        self._has_new = True
        if self._asking is None:
            self._refresh_in(0.0)

    def _remove(self, browser: "_Browser") -> None:
        self._browsers = [each for each in self._browsers if each is not browser]

    def _refresh_in(self, seconds: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_later(seconds, self._refresh)

    def _refresh(self) -> None:
        if not self._browsers:
            return
        browsers, has_new, self._has_new = self._browsers, self._has_new, False
        try:
            found = self._backend.live("whole" if has_new else "short")
            if isinstance(found, list):
                self._tell(found, browsers)
            else:
                self._asking = self._loop.create_task(self._ask(found, browsers))
        except Exception as bug:  # noqa: BLE001 -- the server logs it
            self._lose(bug)

    async def _ask(self, asked: Awaitable[list[bytes]], browsers: "list[_Browser]") -> None:
        try:
            found = await asked
            self._asking = None
            self._tell(found, browsers)
        except Exception as bug:  # noqa: BLE001 -- the server logs it
            self._asking = None
            self._lose(bug)

    def _tell(self, found: list[bytes], browsers: "list[_Browser]") -> None:
        """Tell those who were there when the streams were asked for."""
        event = b"data: [%b]\n\n" % b",".join(found)
        chunk, size, now = b"%x\r\n%b\r\n" % (len(event), event), len(event), time.monotonic()
        for browser in browsers:
            responder = browser.responder
            if browser.session.expires_at <= now:
                browser.shut_down()
            elif not responder.paused:
                if browser.takes_chunks:
                    responder.write_chunk(chunk, size)
                else:
                    responder.write(event)
        self._refresh_in(0.0 if self._has_new else self._backend.refresh_s)

    def _lose(self, bug: Exception) -> None:
        """All are cut off, and come again."""
        for browser in self._browsers:
            browser.end(bug)


class _Browser:
    """Owns the answer to a browser."""

    def __init__(self, responder: Responder, session: Session, on_end: "Callable[[_Browser], None]") -> None:
        self.responder = responder
        self.session = session
        self.takes_chunks = responder.is_chunked
        self._on_end = on_end
        responder.hold(self)

    def end(self, bug: Exception | None = None) -> None:
        """Tell it nothing more."""
        self._on_end(self)
        self.responder.let_go(bug)

    def client_gone(self) -> None:
        self.end()

    def client_ready(self) -> None:
        """It is told with the others, next time."""

    def shut_down(self) -> None:
        self.responder.finish()
        self.end()
