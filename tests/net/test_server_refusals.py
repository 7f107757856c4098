"""What the server refuses, and that it goes on: malformed and ambiguous requests, floods, dawdlers."""

import asyncio
import time

import pytest
from served import BODY_LIMIT, GET, Gate, Served, on_both_loops, serving

from sealink.net.message import Request, Responder

POST = b"POST /v1/x HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "length and transfer-encoding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "the same length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "length with sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "empty length": POST + b"Content-Length:\r\n\r\n",
    "transfer-encoding that ends in chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding after chunked": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "transfer-encoding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "empty transfer-encoding": POST + b"Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
    "chunked behind a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked before a tab": POST + b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    "transfer-encoding on 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "obs-fold": POST + b"A: b\r\n c\r\n\r\n",
    "space before the first header": b"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF after a header": b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "bare LF before the body": POST + b"Content-Length: 5\r\n\nhello",
    "bare CR in a header": b"GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\x00\r\n\r\n",
    "no header name": POST + b": v\r\n\r\n",
    "chunk size with LF alone": CHUNKED + b"3\nabc\n0\n\n",
    "chunk size with CR alone": CHUNKED + b"3\rabc\r\n0\r\n\r\n",
    "chunk size with a space": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "LF in a chunk extension": CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "two hosts on 1.0": b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
    "host with a path": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nHost: a@x\r\n\r\n",
    "absolute target without host": b"GET http://x/ HTTP/1.1\r\n\r\n",
    "absolute target with a user": b"GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute target of another scheme": b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "target * for GET": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "target with a fragment": b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "target beyond ASCII": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "relative target": b"GET v1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces behind the target": b"GET /  HTTP/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"GET / RTSP/1.0\r\nHost: x\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "lower-case method": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"FETCH / HTTP/1.1\r\nHost: x\r\n\r\n",
}

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


OTHER_VERSIONS = {
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0 in words": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: x\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", [*MALFORMED, *OTHER_VERSIONS])
@on_both_loops
async def test_a_malformed_request_gets_one_refusal_and_nothing_behind_it_is_read(name: str) -> None:
    refusal = (400, "malformed_request") if name in MALFORMED else (505, "http_version_not_supported")
    reached: list[str] = []

    async def handler(request: Request, responder: Responder) -> None:
        reached.append(request.path)
        responder.send(200, [], b"")

    async with serving(handler) as served:
        client = await served.connect()
        response = await client.ask((MALFORMED | OTHER_VERSIONS)[name] + HIDDEN)
        assert (response.status, response.json["code"]) == refusal
        assert response.json["type"] == "invalid_request_error"
        assert response.headers["connection"] == "close"
        assert await client.rest() == b""
        assert (await served.ask(GET)).status == 200
    assert reached == ["/"]


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
        (POST + b"Expect: 200-ok\r\nContent-Length: 3\r\n\r\n", 417, "expectation_failed"),
        (POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1), 413, "body_too_large"),
        (POST + b"Content-Length: %d\r\n\r\n" % (BODY_LIMIT + 1), 413, "body_too_large"),
        (CHUNKED + b"%x\r\n" % (BODY_LIMIT + 1) + b"x" * (BODY_LIMIT + 1), 413, "body_too_large"),
        (CHUNKED + b"400\r\n" + b"\r\n400\r\n".join([b"x" * 1024] * 100) + b"\r\n0\r\n\r\n", 413, "body_too_large"),
    ],
)
@on_both_loops
async def test_what_cannot_be_served_is_refused_before_its_body_is_read(
    request_bytes: bytes, status: int, code: str
) -> None:
    async with serving() as served:
        client = await served.connect()
        response = await client.ask(request_bytes)
        assert (response.status, response.json["code"]) == (status, code)
        assert await client.rest() == b""
        assert (await served.ask(GET)).status == 200


@on_both_loops
async def test_a_body_may_be_as_large_as_its_path_allows() -> None:
    async with serving(check_head=lambda request: 10 if request.path == "/small" else 100) as served:
        for path, size, status in (
            (b"/small", 10, 200),
            (b"/small", 11, 413),
            (b"/big", 100, 200),
            (b"/big", 101, 413),
        ):
            head = b"POST %b?q HTTP/1.1\r\nHost: x\r\n" % path
            whole = await served.ask(head + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
            chunked = await served.ask(
                head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * size + b"0\r\n\r\n"
            )
            assert (whole.status, chunked.status) == (status, status)
            assert whole.json["path"] == chunked.json["path"] == path.decode()


@on_both_loops
async def test_a_client_that_is_still_sending_gets_to_see_why_it_was_refused() -> None:
    """Without the lingering read, the reset for the unread megabytes overtakes the answer."""
    async with serving() as served:
        client = await served.connect()
        client.send(POST + b"Content-Length: 20000000\r\n\r\n" + b"x" * 20_000_000)
        response = await client.response()
        assert response.status == 413
        assert await client.rest() == b""


@on_both_loops
async def test_the_lingering_read_ends() -> None:
    async with serving(linger_s=0.05) as served:
        client = await served.connect()
        assert (await client.ask(b"nonsense\r\n\r\n")).status == 400
        begin = time.perf_counter()
        await served.settle()
        assert time.perf_counter() - begin > 0.03


@on_both_loops
async def test_a_refused_head_request_gets_no_body() -> None:
    async with serving() as served:
        client = await served.connect()
        response = await client.ask(b"HEAD / HTTP/1.1\r\n\r\n", head_only=True)
        assert response.status == 400
        assert await client.rest() == b""


@on_both_loops
async def test_a_refusal_waits_for_the_responses_before_it() -> None:
    gate = Gate()
    async with serving(gate) as served:
        client = await served.connect()
        client.send(GET + GET + b"nonsense\r\n\r\n")
        await gate.entered.wait()
        gate.opened.set()
        assert [(await client.response()).status for _ in range(3)] == [200, 200, 400]
        assert await client.rest() == b""


@pytest.mark.parametrize("request_bytes", [b"GET / HTTP/1.0\r\n\r\n", GET[:-2] + b"Connection: close\r\n\r\n"])
@on_both_loops
async def test_nothing_is_answered_after_the_last_response(request_bytes: bytes) -> None:
    async with serving() as served:
        client = await served.connect()
        assert (await client.ask(request_bytes + HIDDEN)).status == 200
        assert await client.rest() == b""


# Floods.

LIMIT = 4096


async def _flood(served: Served, opening: bytes, drop: bytes) -> int:
    """Send `drop` until the server answers; its status."""
    client = await served.connect()
    client.send(opening)
    answer = asyncio.ensure_future(client.response())
    sent = 0
    while not answer.done():
        client.send(drop)
        sent += len(drop)
        await asyncio.sleep(0)
        assert sent < 20_000_000
    return (await answer).status


@pytest.mark.parametrize(
    ("opening", "drop"),
    [
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 10),
        (b"GET / HTTP/1.1\r\nA: ", b"b" * 1000),
        (b"GET / HTTP/1.1\r\n", b"a" * 1000),
        (b"GET /", b"a" * 1000),
        (b"", b"\r\n" * 500),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"A: b\r\n" * 10),
        (CHUNKED + b"1\r\nx\r\n0\r\nA: ", b"b" * 1000),
        (CHUNKED + b"1;", b"a" * 1000),
    ],
    ids=["fields", "value", "name", "target", "empty lines", "trailers", "trailer", "chunk extension"],
)
@on_both_loops
async def test_a_flood_is_refused(opening: bytes, drop: bytes) -> None:
    async with serving(max_header_bytes=LIMIT) as served:
        assert await _flood(served, opening, drop) == 413
        assert (await served.ask(GET)).status == 200


@pytest.mark.parametrize("size", [LIMIT - 100, LIMIT + 1])
@on_both_loops
async def test_a_head_within_one_read_is_measured_too(size: int) -> None:
    async with serving(max_header_bytes=LIMIT) as served:
        response = await served.ask(b"GET /v1/y HTTP/1.1\r\nHost: x\r\nA: " + b"b" * size + b"\r\n\r\n")
        if size < LIMIT:
            assert response.status == 200
        else:
            assert (response.status, response.json["code"]) == (413, "headers_too_large")
            assert (response.json["type"], response.json["path"]) == ("request_too_large", "/v1/y")


# Time.


@pytest.mark.parametrize("request_bytes", [GET, POST + b"Content-Length: 100\r\n\r\n" + b"x" * 100])
@on_both_loops
async def test_a_request_that_comes_too_slowly_gets_a_408(request_bytes: bytes) -> None:
    """Slowloris: a byte now and then does not buy more time."""
    async with serving(request_timeout_s=0.1) as served:
        client = await served.connect()
        answer = asyncio.ensure_future(client.response())
        begin = time.perf_counter()
        for byte in request_bytes[:-1]:
            client.send(bytes([byte]))
            await asyncio.wait([answer], timeout=0.02)
            if answer.done():
                break
        assert answer.done()
        response = await answer
        assert time.perf_counter() - begin > 0.08
        assert (response.status, response.json["code"]) == (408, "request_timeout")
        assert await client.rest() == b""


@on_both_loops
async def test_the_time_of_a_request_begins_with_its_first_byte() -> None:
    async with serving(request_timeout_s=0.2) as served:
        client = await served.connect()
        await asyncio.sleep(0.3)
        await client.send_slowly([GET[:10], GET[10:]], 0.1)
        assert (await client.response()).status == 200
        await asyncio.sleep(0.3)
        assert (await client.ask(GET)).status == 200


@on_both_loops
async def test_a_request_behind_another_has_its_time_from_when_it_is_first_in_line() -> None:
    gate = Gate()
    async with serving(gate, request_timeout_s=0.1) as served:
        client = await served.connect()
        client.send(GET + GET[:10])
        await asyncio.sleep(0.3)
        gate.opened.set()
        client.send(GET[10:])
        assert [(await client.response()).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("opening", [b"", b"\r\n", GET])
@on_both_loops
async def test_an_idle_connection_is_closed_without_a_word(opening: bytes) -> None:
    async with serving(keep_alive_s=0.1) as served:
        client = await served.connect()
        client.send(opening)
        if opening == GET:
            assert (await client.response()).status == 200
        begin = time.perf_counter()
        assert await client.rest() == b""
        assert time.perf_counter() - begin > 0.05


@on_both_loops
async def test_a_slow_handler_is_not_idle() -> None:
    gate = Gate()
    async with serving(gate, keep_alive_s=0.05, request_timeout_s=0.05, linger_s=0.05) as served:
        client = await served.connect()
        client.send(GET)
        await asyncio.sleep(0.2)
        gate.opened.set()
        assert (await client.response()).status == 200
