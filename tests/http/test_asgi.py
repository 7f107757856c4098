"""An ASGI application as handler: what it is told of a request, and what becomes of its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sealink.errors import HeaderList
from sealink.http import RequestContext
from sealink.http.asgi import AsgiHandler
from sealink.net.message import Request

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Responder:
    """Notes what is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.room = True

    def send(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.calls.append(("send", status, list(headers), body))

    def start(self, status: int, headers: HeaderList, data: bytes = b"") -> None:
        self.calls.append(("start", status, list(headers)))

    def write(self, data: bytes) -> bool:
        self.calls.append(("write", data))
        return self.room

    async def flush(self) -> None:
        self.calls.append(("flush",))

    def finish(self, data: bytes = b"") -> None:
        self.calls.append(("finish", data))


def answered(app: Any, request: Request) -> Responder:
    responder = Responder()
    context = RequestContext(
        "req_1", lambda error: None, answer_headers=[("cache-control", "no-store"), ("x-port", "1")]
    )
    asyncio.run(AsgiHandler(lambda: app)(request, responder, context))  # type: ignore[arg-type]
    return responder


REQUEST = Request("POST", "/keys/a%2Fb%20c", "q=1", {"cookie": "a=1", "content-length": "4"}, b"body", "10.0.0.1")


def test_the_application_is_told_the_whole_request() -> None:
    told: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Send) -> None:
        told.update(scope, message=await receive())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    answered(app, REQUEST)
    assert (told["type"], told["method"], told["path"], told["raw_path"]) == (
        "http",
        "POST",
        "/keys/a/b c",
        b"/keys/a%2Fb%20c",
    )
    assert (told["query_string"], told["client"]) == (b"q=1", ("10.0.0.1", 0))
    assert (b"cookie", b"a=1") in told["headers"]
    assert told["message"] == {"type": "http.request", "body": b"body", "more_body": False}


def test_an_answer_bears_the_ports_headers_unless_it_sets_them_and_no_framing_of_its_own() -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        headers = [
            (b"Set-Cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"content-length", b"2"),
            (b"cache-control", b"x"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    ((name, status, headers, body),) = answered(app, REQUEST).calls
    assert (name, status, body) == ("send", 200, b"ok")
    assert headers[:3] == [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("cache-control", "x")]
    assert ("x-port", "1") in headers
    assert ("x-request-id", "req_1") in headers
    assert not [name for name, _ in headers[3:] if name in ("content-length", "cache-control")]


@pytest.mark.parametrize("has_room", [True, False])
def test_a_stream_goes_out_piece_by_piece_and_waits_for_a_slow_client(has_room: bool) -> None:
    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    responder = Responder()
    responder.room = has_room
    context = RequestContext("req_1", lambda error: None)
    asyncio.run(AsgiHandler(lambda: app)(REQUEST, responder, context))  # type: ignore[arg-type]
    flushed = [] if has_room else [("flush",)]
    assert responder.calls[1:] == [("write", b"one"), *flushed, ("finish", b"two")]


def test_the_application_is_made_with_its_first_request_and_once() -> None:
    made: list[int] = []

    async def app(scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def load() -> Any:
        made.append(1)
        return app

    async def ask_twice() -> None:
        handler = AsgiHandler(load)
        assert not made
        context = RequestContext("req_1", lambda error: None)
        both = (handler(REQUEST, Responder(), context) for _ in range(2))  # type: ignore[arg-type]
        await asyncio.gather(*both)

    asyncio.run(ask_twice())
    assert made == [1]
