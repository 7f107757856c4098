"""What a well-behaved client sees of the server, over real sockets."""

import asyncio
import gc
import logging
import socket
import time
import weakref
from email.utils import parsedate_to_datetime

import pytest
from served import GET, Client, Gate, Owner, Served, echo, error_response, on_both_loops, serving

from sealink.errors import InvalidRequest, RateLimited
from sealink.net.message import Request, Responder
from sealink.net.server import Server, ServerLimits
from sealink.net.server.client_connection import ClientConnection

STREAM_HEADERS = [("content-type", "text/event-stream")]


async def stream_three(request: Request, responder: Responder) -> None:
    responder.start(200, STREAM_HEADERS)
    for piece in (b"one", b"", b"two", b"x" * 300):
        responder.write(piece)
    responder.finish()


@on_both_loops
async def test_a_request_reaches_the_handler_and_its_answer_the_client() -> None:
    async with serving() as served:
        client = await served.connect()
        response = await client.ask(
            b"POST /v1/chat%20x?a=b&c HTTP/1.1\r\nHost: x:80\r\nX-Twice: 1\r\nx-twice: 2\r\n"
            b"Padded:  \t v \t \r\nEmpty:\r\nContent-Length: 4\r\n\r\nbody"
        )
        assert response.status == 200
        assert response.json == {
            "method": "POST",
            "path": "/v1/chat%20x",
            "query": "a=b&c",
            "headers": {"host": "x:80", "x-twice": "1, 2", "padded": "v", "empty": "", "content-length": "4"},
            "body": "body",
            "peer": "127.0.0.1",
        }
        assert set(response.headers) == {"content-type", "content-length", "date"}
        assert abs(time.time() - parsedate_to_datetime(response.headers["date"]).timestamp()) < 3


@on_both_loops
async def test_a_connection_serves_many_requests() -> None:
    async with serving() as served:
        client = await served.connect()
        for number in range(5):
            response = await client.ask(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % number)
            assert response.json["path"] == f"/{number}"
        assert served.server.connections == 1


@pytest.mark.parametrize(
    ("request_bytes", "closes"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Keep-Alive, Close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n", False),
    ],
)
@on_both_loops
async def test_the_client_says_whether_the_connection_is_kept(request_bytes: bytes, closes: bool) -> None:
    async with serving() as served:
        client = await served.connect()
        response = await client.ask(request_bytes)
        said = response.headers.get("connection")
        if closes:
            assert said == "close"
            assert await client.rest() == b""
        else:
            assert said == ("keep-alive" if b"1.0" in request_bytes else None)
            assert (await client.ask(GET)).status == 200


@on_both_loops
async def test_pipelined_requests_are_answered_in_order_one_at_a_time() -> None:
    gate = Gate()

    async def first_waits(request: Request, responder: Responder) -> None:
        await (gate if request.path == "/0" else echo)(request, responder)

    async with serving(first_waits) as served:
        client = await served.connect()
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % number for number in range(10)))
        await gate.entered.wait()
        await asyncio.sleep(0)
        assert served.server.open_requests == 1
        gate.opened.set()
        assert [(await client.response()).json["path"] for _ in range(10)] == [f"/{number}" for number in range(10)]


@on_both_loops
async def test_a_chunked_body_is_put_together_and_trailers_do_not_become_headers() -> None:
    async with serving() as served:
        client = await served.connect()
        response = await client.ask(
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\n\r\n"
            b'3;name=value\r\nabc\r\nA;q="r"\r\n0123456789\r\n0\r\nhost: evil\r\nauthorization: evil\r\n\r\n'
        )
        assert response.json["body"] == "abc0123456789"
        assert response.json["headers"] == {"host": "x", "transfer-encoding": "Chunked"}
        assert (await client.ask(GET)).json["headers"] == {"host": "x"}


@on_both_loops
async def test_requests_may_come_byte_by_byte() -> None:
    requests = (
        b"POST /a?b HTTP/1.1\r\nHost: x\r\nName:  value \r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nt: u\r\n\r\n" + GET
    )
    async with serving() as served:
        client = await served.connect()
        await client.send_slowly([bytes([byte]) for byte in requests])
        first, second = await client.response(), await client.response()
        assert (first.json["body"], first.json["headers"]["name"]) == ("abc", "value")
        assert second.json["method"] == "GET"


@on_both_loops
async def test_each_write_is_one_chunk() -> None:
    async with serving(stream_three) as served:
        client = await served.connect()
        response = await client.ask(GET)
        assert response.chunks == [b"one", b"two", b"x" * 300]
        assert set(response.headers) == {"content-type", "transfer-encoding", "date"}
        assert (await client.ask(GET)).status == 200


@on_both_loops
async def test_http_1_0_gets_a_stream_without_chunks_up_to_the_end_of_the_connection() -> None:
    async with serving(stream_three) as served:
        client = await served.connect()
        response = await client.ask(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        assert response.body == b"onetwo" + b"x" * 300
        assert response.headers["connection"] == "close"
        assert "transfer-encoding" not in response.headers


@pytest.mark.parametrize("handler", [echo, stream_three])
@on_both_loops
async def test_head_is_answered_with_the_headers_of_get_alone(handler: object) -> None:
    async with serving(handler) as served:  # type: ignore[arg-type]
        client = await served.connect()
        whole = await client.ask(GET)
        head = await client.ask(GET.replace(b"GET", b"HEAD"), head_only=True)
        assert set(head.headers) == set(whole.headers)
        assert (await client.ask(GET)).body == whole.body


@pytest.mark.parametrize("status", [204, 304])
@on_both_loops
async def test_a_status_without_a_body_has_none(status: int) -> None:
    async def empty(request: Request, responder: Responder) -> None:
        if request.path == "/stream":
            responder.start(status, [])
            responder.write(b"nothing of this")
            responder.finish()
        else:
            responder.send(status, [("x-a", "b")], b"")

    async with serving(empty) as served:
        client = await served.connect()
        for path in (b"/whole", b"/stream", b"/whole"):
            response = await client.ask(b"OPTIONS %b HTTP/1.1\r\nhost: x\r\n\r\n" % path)
            assert response.status == status
            assert {"content-length", "transfer-encoding"}.isdisjoint(response.headers)


@on_both_loops
async def test_continue_is_said_when_the_client_waits_for_it() -> None:
    async with serving() as served:
        client = await served.connect()
        head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 3\r\n\r\n"
        assert (await client.ask(head)).status == 100
        response = await client.ask(b"abc")
        assert (response.status, response.json["body"]) == (200, "abc")
        client.send(head + b"a")  # the body is on its way: nobody waits for a word
        await asyncio.sleep(0.02)
        assert (await client.ask(b"bc")).status == 200


@on_both_loops
async def test_continue_waits_for_its_turn() -> None:
    gate = Gate()
    async with serving(gate) as served:
        client = await served.connect()
        client.send(GET + b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        await gate.entered.wait()
        gate.opened.set()
        assert [(await client.response()).status for _ in range(2)] == [200, 100]
        assert (await client.ask(b"abc")).status == 200


@on_both_loops
async def test_http_1_0_expects_nothing() -> None:
    async with serving() as served:
        response = await served.ask(b"POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\nabc")
        assert response.status == 200


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"content-length: 3", b"abc"), (b"transfer-encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"), (b"x: y", b"")],
)
@on_both_loops
async def test_an_offer_to_speak_h2c_is_served_as_http_1_1(framing: bytes, body: bytes) -> None:
    """The JDK's HttpClient makes this offer with every first request, and sends the body after it."""
    offer = (
        b"POST /p?q HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nX-High: \xff\r\n" + framing + b"\r\n\r\n" + body
    )
    async with serving() as served:
        client = await served.connect()
        client.send(offer + offer + GET)
        for _ in range(2):
            asked = (await client.response()).json
            assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/p", "q")
            assert asked["body"] == ("abc" if body else "")
            assert asked["headers"]["x-high"] == "\xff"
        assert (await client.response()).json["method"] == "GET"


@on_both_loops
async def test_targets_in_absolute_form_and_of_the_whole_server() -> None:
    async with serving() as served:
        absolute = (await served.ask(b"GET http://other:8/p?q=1 HTTP/1.1\r\nhost: x\r\n\r\n")).json
        assert (absolute["path"], absolute["query"], absolute["headers"]["host"]) == ("/p", "q=1", "other:8")
        assert (await served.ask(b"GET http://other?q HTTP/1.1\r\nhost: x\r\n\r\n")).json["path"] == "/"
        assert (await served.ask(b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n")).json["path"] == "*"


# The client leaves.


async def _leave_by(how: str, client: Client) -> None:
    match how:
        case "close":
            client.close()
        case "reset":
            client.reset()
        case "half-close":
            client.send_eof()


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@on_both_loops
async def test_the_handler_is_cancelled_when_the_client_leaves(how: str) -> None:
    gate = Gate()
    async with serving(gate) as served:
        client = await served.connect()
        client.send(GET + b"GET /second HTTP/1.1\r\nhost: x\r\n\r\n")
        await gate.entered.wait()
        await _leave_by(how, client)
        await gate.cancelled.wait()
        await served.settle()
        assert gate.paths == ["/"]


@on_both_loops
async def test_a_cancelled_handler_can_tell_that_the_client_has_gone_and_writes_to_nobody() -> None:
    seen: list[bool] = []
    started = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(responder.gone)
            responder.write(b"to nobody")
            await responder.flush()
            responder.finish()
            raise

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await started.wait()
        client.close()
        await served.settle()
    assert seen == [True]


@on_both_loops
async def test_a_response_with_an_owner_is_open_until_that_lets_go() -> None:
    owner, held = Owner(), list[Responder]()

    def handler(request: Request, responder: Responder) -> None:
        responder.hold(owner)
        responder.start(200, STREAM_HEADERS)
        held.append(responder)

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        client.close()
        while served.server.connections:
            await asyncio.sleep(0.001)
        (responder,) = held
        assert (served.server.open_requests, owner.told, responder.gone) == (1, ["gone"], True)
        responder.write(b"to nobody")
        responder.finish()
        responder.let_go()
        assert served.server.open_requests == 0


@on_both_loops
async def test_a_handler_needs_no_task() -> None:
    def handler(request: Request, responder: Responder) -> None:
        if request.path == "/refused":
            raise InvalidRequest("No.")
        if request.path == "/bug":
            raise KeyError("bug")
        if request.path == "/forgotten":
            return
        responder.hold(Owner())
        if request.path == "/late":
            responder.let_go(KeyError("bug"))
        else:
            responder.send(200, [], request.path.encode())
            responder.let_go()

    async with serving(handler) as served:
        client = await served.connect()
        asked = ["/one", "/refused", "/two", "/bug", "/forgotten", "/late", "/three"]
        for path in asked:  # all at once
            client.send(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        statuses = [(await client.response()).status for _ in asked]
        assert statuses == [200, 400, 200, 500, 500, 500, 200]
        assert served.server.open_requests == 0


@on_both_loops
async def test_what_a_handler_does_after_its_response_is_its_own_business() -> None:
    finished, ended = asyncio.Event(), asyncio.Event()
    outcomes: list[str] = []

    async def handler(request: Request, responder: Responder) -> None:
        await echo(request, responder)
        if request.path == "/":
            finished.set()
            await ended.wait()
            outcomes.append("settled")

    async with serving(handler) as served:
        client = await served.connect()
        await client.ask(GET)
        await finished.wait()
        assert (await client.ask(b"GET /next HTTP/1.1\r\nhost: x\r\n\r\n")).json["path"] == "/next"
        client.close()
        while served.server.connections:
            await asyncio.sleep(0.001)
        ended.set()
        await served.settle()
    assert outcomes == ["settled"]


@on_both_loops
async def test_abort_cuts_the_stream_and_leaves_the_handler_alone() -> None:
    outcomes: list[bool] = []

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        responder.write(b"half")
        await asyncio.sleep(0.01)
        responder.abort()
        responder.write(b"more")
        responder.finish()
        await asyncio.sleep(0.01)
        outcomes.append(responder.gone)

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        assert await client.chunk() == b"half"
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.chunk()
        await served.settle()
    assert outcomes == [True]


# Handlers with faults.


@on_both_loops
async def test_an_error_of_ours_raised_before_the_response_is_the_response(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request, responder: Responder) -> None:
        raise RateLimited("Too many.", code="requests", headers=[("retry-after", "7")])

    async with serving(handler) as served:
        response = await served.ask(GET)
        assert (response.status, response.json["code"]) == (429, "requests")
        assert response.headers["retry-after"] == "7"
    assert caplog.records == []


async def _raises(request: Request, responder: Responder) -> None:
    raise LookupError("what?")


async def _returns(request: Request, responder: Responder) -> None:
    pass


async def _cancels_itself(request: Request, responder: Responder) -> None:
    raise asyncio.CancelledError


async def _splits_the_response(request: Request, responder: Responder) -> None:
    responder.send(200, [("x-model", "a\r\nset-cookie: b")], b"")


@pytest.mark.parametrize("handler", [_raises, _returns, _cancels_itself, _splits_the_response])
@on_both_loops
async def test_a_fault_before_the_response_is_a_500(handler: object, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(handler) as served:  # type: ignore[arg-type]
        client = await served.connect()
        response = await client.ask(b"POST /v1/x HTTP/1.1\r\nhost: x\r\nauthorization: s3cret\r\nx: y\r\n\r\n")
        assert (response.status, response.json["code"]) == (500, "internal_error")
        assert response.json["path"] == "/v1/x"
        assert "what?" not in response.json["message"]
        assert (await client.ask(GET)).status == 500
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "/v1/x" in caplog.text
    assert "s3cret" not in caplog.text
    assert ("what?" in caplog.text) == (handler is _raises)


@pytest.mark.parametrize("fault", [_raises, _returns])
@on_both_loops
async def test_a_fault_within_a_stream_cuts_it(fault: object, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        responder.write(b"half")
        await asyncio.sleep(0.01)
        await fault(request, responder)  # type: ignore[operator]

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        assert await client.chunk() == b"half"
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.chunk()
    assert len(caplog.records) == 1


@on_both_loops
async def test_a_fault_after_the_response_is_logged_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request, responder: Responder) -> None:
        await echo(request, responder)
        raise LookupError("what?")

    async with serving(handler) as served:
        client = await served.connect()
        assert (await client.ask(GET)).status == 200
        assert (await client.ask(GET)).status == 200
        await served.settle(connections=1)
    assert len(caplog.records) == 2


# The server itself.


@on_both_loops
async def test_small_writes_are_not_held_back_by_nagle() -> None:
    nodelay: list[int] = []

    async def handler(request: Request, responder: Responder) -> None:
        (connection,) = served.server._connections
        accepted = connection._transport.get_extra_info("socket")
        nodelay.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await echo(request, responder)

    async with serving(handler) as served:
        await served.ask(GET)
    assert nodelay == [1]


@on_both_loops
async def test_a_server_listens_on_several_addresses() -> None:
    server = Server(echo, limits=ServerLimits(), check_head=lambda request: 0, error_response=error_response)
    addresses = [*await server.start("127.0.0.1", 0), *await server.start("127.0.0.1", 0)]
    assert len({port for _, port in addresses}) == 2
    for address in addresses:
        assert (await Served(server, address).ask(GET)).status == 200
    await server.stop(0)


@on_both_loops
async def test_thousands_of_requests_leave_nothing_behind() -> None:
    async with serving() as served:
        tasks_before = asyncio.all_tasks()

        async def many(count: int) -> None:
            client = await served.connect()
            for _ in range(count):
                client.send(GET * 10)
                for _ in range(10):
                    assert (await client.response()).status == 200
            client.close()

        await asyncio.gather(*[many(20) for _ in range(20)])
        await served.settle()
        for _ in range(200):
            await served.ask(GET)
        await served.settle()
        assert asyncio.all_tasks() == tasks_before


@on_both_loops
async def test_a_closed_connection_is_freed_without_the_garbage_collector() -> None:
    gate = Gate()

    async def handler(request: Request, responder: Responder) -> None:
        await {"/": echo, "/stream": stream_three, "/wait": gate}[request.path](request, responder)

    async with serving(handler) as served:
        gc.collect()
        gc.disable()
        try:
            client = await served.connect()
            await client.ask(GET)
            await client.ask(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")
            client.send(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n" + GET)
            await gate.entered.wait()
            connections: list[weakref.ref[ClientConnection]] = [weakref.ref(c) for c in served.server._connections]
            client.close()
            await served.settle()
            await asyncio.sleep(0.01)
            assert [ref() for ref in connections] == [None]
        finally:
            gc.enable()
