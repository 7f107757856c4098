"""An ASGI application as handler of endpoints: what lets a web framework answer some of a port's pages.

https://asgi.readthedocs.io/en/latest/specs/www.html. The application is made with the first request for it, in a
thread, so that neither start-up nor memory pay for a framework that nobody asks for.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from sealink.errors import HeaderList
from sealink.http.endpoint import RequestContext
from sealink.http.responses import identity
from sealink.net.message import Request, Responder

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

_FRAMING: Final = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers that the server writes itself."""


class AsgiHandler:
    """Answers requests by an ASGI application, which `load` makes."""

    def __init__(self, load: Callable[[], App]) -> None:
        self._load = load
        self._loading = asyncio.Lock()
        self._app: App | None = None

    async def __call__(self, request: Request, responder: Responder, context: RequestContext) -> None:
        app = await self._loaded()
        answer = _Answer(responder, [*identity(context.request_id), *context.answer_headers])
        await app(scope_of(request), _Body(request.body).receive, answer.send)

    async def _loaded(self) -> App:
        async with self._loading:
            if self._app is None:
                self._app = await asyncio.to_thread(self._load)
        return self._app


def scope_of(request: Request) -> Scope:
    """The request as an application is told it. Its `state` may be written to."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": request.version,
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
        "client": (request.peer, 0) if request.peer else None,
        "server": None,
        "state": {},
    }


class _Body:
    """The request's end of the application. After the body nothing comes: the server cancels the handler of a client
    that leaves."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def receive(self) -> Message:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """The response's end. Headers of the port go out too, unless the application has set the same ones."""

    def __init__(self, responder: Responder, headers: HeaderList) -> None:
        self._responder = responder
        self._port_headers = headers
        self._head: tuple[int, HeaderList] | None = None
        self._is_streamed = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = (message["status"], self._merged(message.get("headers", ())))
            return
        await self._write(bytes(message.get("body", b"")), is_last=not message.get("more_body", False))

    async def _write(self, data: bytes, *, is_last: bool) -> None:
        responder = self._responder
        if not self._is_streamed:
            assert self._head is not None, "the application has sent a body before its headers"
            if is_last:
                responder.send(*self._head, data)
                return
            responder.start(*self._head)
            self._is_streamed = True
        if is_last:
            responder.finish(data)
        elif data and not responder.write(data):
            await responder.flush()

    def _merged(self, headers: Any) -> HeaderList:
        own = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
        own = [(name, value) for name, value in own if name not in _FRAMING]
        names = {name for name, _ in own}
        return [*own, *((name, value) for name, value in self._port_headers if name not in names)]
