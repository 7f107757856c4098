"""The pool over real sockets: reuse, retry, expiry, cancellation, and what each failure is called."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Iterator

import pytest
from scripted_upstream import (
    CHUNKED_HEAD,
    CLOSE,
    HOLD,
    OK,
    RESET,
    ask,
    failure_of,
    forward,
    on_both_loops,
    parse_request,
    pooled,
    post,
    read_all,
    scripted,
    serving,
    until,
)

from sealink.net.client import UpstreamLimits, UpstreamPool, happy_eyeballs


def test_an_unused_pool_is_empty() -> None:
    pool = UpstreamPool()
    assert (pool.idle, pool.active) == (0, 0)


@on_both_loops
async def test_a_request_goes_out_as_it_was_meant() -> None:
    async with scripted() as upstream, pooled() as pool:
        request = post(upstream.url, b'{"a":1}', ("Connection", "close"), ("Accept-Encoding", "br"), ("x-a", "b"))
        response = await pool.send(request, connect_s=5)
        assert (response.status, response.framed, await read_all(response)) == (200, True, b"ok")
        head, _, body = upstream.requests[0].partition(b"\r\n\r\n")
        assert body == b'{"a":1}'
        assert head.split(b"\r\n") == [
            b"POST /v1/chat?key=secret HTTP/1.1",
            f"host: 127.0.0.1:{upstream.port}".encode(),
            b"accept-encoding: identity",
            b"authorization: Bearer sk-key",
            b"x-a: b",
            b"content-length: 7",
        ]


@on_both_loops
async def test_500_requests_use_one_connection() -> None:
    chunked = [CHUNKED_HEAD + b"2\r\nok\r\n", b"0\r\n\r\n"]
    async with scripted([OK], chunked, [OK]) as upstream, pooled() as pool:
        for _ in range(500):
            assert await ask(pool, upstream.url) == b"ok"
        assert (upstream.accepted, pool.idle, pool.active) == (1, 1, 0)


@on_both_loops
async def test_the_connection_that_was_used_last_is_used_first() -> None:
    numbers = itertools.count(1)

    async def tell_number(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await parse_request(reader):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number)
        writer.transport.abort()

    async with serving(tell_number) as port, pooled() as pool:
        url = f"http://127.0.0.1:{port}/"
        first, second = await asyncio.gather(ask(pool, url), ask(pool, url))
        assert {first, second} == {b"1", b"2"}
        assert pool.idle == 2
        last = await ask(pool, url)
        assert [await ask(pool, url) for _ in range(5)] == [last] * 5


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"],
        [b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
        [b"HTTP/1.1 200 OK\r\n\r\nok", CLOSE],
        [OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"],
        [OK + b"x"],
        [OK + b"H"],
        [b"HTTP/1.1 204 No Content\r\n\r\nok"],
    ],
    ids=[
        "connection: close",
        "HTTP/1.0",
        "until EOF",
        "a second answer",
        "a stray byte",
        "a stray H",
        "a body after 204",
    ],
)
@on_both_loops
async def test_a_connection_is_not_reused_after(answer: list[bytes]) -> None:
    async with scripted(answer, [OK]) as upstream, pooled() as pool:
        assert await ask(pool, upstream.url) in (b"ok", b"")
        assert pool.idle == 0
        assert await ask(pool, upstream.url) == b"ok"
        assert upstream.accepted == 2


@on_both_loops
async def test_a_connection_is_not_reused_after_a_body_that_head_must_not_have() -> None:
    async with scripted([OK], [OK]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url, b"", method="HEAD"), connect_s=5)
        assert await read_all(response) == b""
        assert pool.idle == 0


@on_both_loops
async def test_an_idle_connection_that_is_closing_is_passed_over() -> None:
    async with scripted() as upstream, pooled() as pool:
        await ask(pool, upstream.url)
        (origin_pool,) = pool._origin_pools.values()
        origin_pool.idle[0].abort()
        assert pool.idle == 1  # the loop has not told yet
        assert await ask(pool, upstream.url) == b"ok"
        assert upstream.accepted == 2


@pytest.mark.parametrize(
    "surprise", [b"HTTP/1.1 408 Request Timeout\r\n\r\n", CLOSE, RESET], ids=["bytes", "EOF", "RST"]
)
@on_both_loops
async def test_an_idle_connection_is_dropped_on(surprise: object) -> None:
    async with scripted([OK, HOLD, surprise], [OK]) as upstream, pooled() as pool:  # type: ignore[list-item]
        assert await ask(pool, upstream.url) == b"ok"
        assert pool.idle == 1
        upstream.go_on()
        await until(lambda: pool.idle == 0)
        assert await ask(pool, upstream.url) == b"ok"
        assert (upstream.accepted, len(upstream.requests)) == (2, 2)


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["EOF", "RST"])
@on_both_loops
async def test_a_reused_connection_that_is_dead_is_replaced_in_silence(end: object) -> None:
    async with scripted([OK], [end], [OK]) as upstream, pooled() as pool:  # type: ignore[list-item]
        assert await ask(pool, upstream.url) == b"ok"
        assert await ask(pool, upstream.url, body=b"[1]") == b"ok"
        assert upstream.accepted == 2
        assert [request[-3:] for request in upstream.requests[1:]] == [b"[1]", b"[1]"]


@on_both_loops
async def test_there_is_one_silent_retry_and_no_second() -> None:
    async with scripted([OK], [CLOSE]) as upstream, pooled() as pool:
        await asyncio.gather(ask(pool, upstream.url))
        error = await failure_of(ask(pool, upstream.url))
        assert error.code == "upstream_closed"
        assert len(upstream.requests) == 3


@on_both_loops
async def test_a_fresh_connection_that_dies_is_not_tried_again() -> None:
    async with scripted([CLOSE]) as upstream, pooled() as pool:
        assert (await failure_of(ask(pool, upstream.url))).code == "upstream_closed"
        assert len(upstream.requests) == 1
        await until(lambda: pool.active == 0)


@on_both_loops
async def test_no_retry_once_a_byte_of_the_answer_is_in() -> None:
    async with scripted([OK], [b"H", CLOSE]) as upstream, pooled() as pool:
        await ask(pool, upstream.url)
        assert (await failure_of(ask(pool, upstream.url))).code == "upstream_closed"
        assert len(upstream.requests) == 2


@on_both_loops
async def test_no_retry_when_the_upstream_may_have_worked_on_the_request() -> None:
    async with scripted([OK], [HOLD, CLOSE], [OK]) as upstream, pooled(UpstreamLimits(stale_within_s=0.01)) as pool:
        await ask(pool, upstream.url)
        asking = asyncio.create_task(failure_of(ask(pool, upstream.url)))
        await asyncio.sleep(0.03)  # it is the passing of time that is tested
        upstream.go_on()
        assert (await asking).code == "upstream_closed"
        assert len(upstream.requests) == 2


@on_both_loops
async def test_idle_connections_expire() -> None:
    async with scripted() as upstream, pooled(UpstreamLimits(max_idle_s=0.2)) as pool:
        await asyncio.gather(*(ask(pool, upstream.url) for _ in range(3)))
        assert pool.idle == 3
        await until(lambda: pool.idle == 0)
        await until(lambda: upstream.open == 0)
        assert await ask(pool, upstream.url) == b"ok"
        await until(lambda: upstream.open == 0)
        assert upstream.accepted == 4


@on_both_loops
async def test_no_more_idle_connections_than_allowed_are_kept() -> None:
    async with scripted([HOLD, OK]) as upstream, pooled(UpstreamLimits(max_idle_per_origin=2)) as pool:
        asking = [asyncio.create_task(ask(pool, upstream.url)) for _ in range(3)]
        await until(lambda: len(upstream.requests) == 3)
        for _ in asking:
            upstream.go_on()
            await asyncio.sleep(0.01)
        await asyncio.gather(*asking)
        assert (pool.idle, pool.active) == (2, 0)
        await until(lambda: upstream.open == 2)


@on_both_loops
async def test_no_more_connections_than_allowed_are_opened() -> None:
    async with scripted([HOLD, OK]) as upstream, pooled(UpstreamLimits(max_connections_per_origin=1)) as pool:
        asking = asyncio.create_task(ask(pool, upstream.url))
        await until(lambda: len(upstream.requests) == 1)
        error = await failure_of(ask(pool, upstream.url))
        assert (error.status, error.code) == (503, "overloaded")
        upstream.go_on()
        assert await asking == b"ok"
        asking = asyncio.create_task(ask(pool, upstream.url))
        upstream.go_on()
        assert await asking == b"ok"


@on_both_loops
async def test_closing_mid_body_closes_the_socket_at_once() -> None:
    async with scripted([CHUNKED_HEAD, b"2\r\nok\r\n", HOLD]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert await response.read() == b"ok"
        begun = asyncio.get_running_loop().time()
        response.close()
        response.close()
        await until(lambda: upstream.open == 0)
        assert asyncio.get_running_loop().time() - begun < 0.5  # well under linger_s
        assert (pool.idle, pool.active) == (0, 0)
        assert (await failure_of(response.read())).code == "upstream_closed"


@on_both_loops
async def test_a_response_that_is_let_go_of_may_still_end_and_be_reused() -> None:
    async with scripted([CHUNKED_HEAD, b"2\r\nok\r\n", HOLD, b"0\r\n\r\n"], [OK]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert await response.read() == b"ok"
        response.release()
        upstream.go_on()
        await until(lambda: pool.idle == 1)
        assert await ask(pool, upstream.url) == b"ok"
        assert upstream.accepted == 1


@on_both_loops
async def test_a_response_that_is_let_go_of_and_goes_on_is_cut_off() -> None:
    async with (
        scripted([CHUNKED_HEAD, b"2\r\nok\r\n", HOLD]) as upstream,
        pooled(UpstreamLimits(linger_s=0.02)) as pool,
    ):
        response = await pool.send(post(upstream.url), connect_s=5)
        response.release()
        await until(lambda: upstream.open == 0)


@on_both_loops
async def test_a_taker_that_fails_is_a_fault_of_our_own() -> None:
    async with scripted([CHUNKED_HEAD, b"2\r\nok\r\n", HOLD, b"2\r\nok\r\n"]) as upstream, pooled() as pool:
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
        response = await pool.send(post(upstream.url), connect_s=5)
        pieces: list[bytes] = []

        def take(data: bytes) -> bool:
            pieces.append(data)
            return [True][len(pieces) - 1]

        forwarding = asyncio.create_task(failure_of(forward(response, take)))
        await until(lambda: bool(pieces))
        upstream.go_on()
        assert (await forwarding).code == "internal_error"
        assert [type(complaint) for complaint in complaints] == [IndexError]
        await until(lambda: upstream.open == 0)


@on_both_loops
async def test_a_body_that_came_whole_gives_its_connection_back_though_nobody_reads_it() -> None:
    async with scripted() as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        await until(lambda: pool.idle == 1)
        response.close()
        assert await ask(pool, upstream.url) == b"ok"
        assert (upstream.accepted, await response.read()) == (1, b"ok")


@on_both_loops
async def test_interim_responses_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    async with scripted([interim, OK]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert (response.status, list(response.headers)) == (200, [("content-length", "2")])
        assert await read_all(response) == b"ok"
        assert pool.idle == 1


@on_both_loops
async def test_an_offered_upgrade_is_not_taken_for_one() -> None:
    answer = b"HTTP/1.1 200 OK\r\nconnection: Upgrade\r\nupgrade: h2,h2c\r\ncontent-length: 2\r\n\r\nok"
    async with scripted([answer]) as upstream, pooled() as pool:
        assert await ask(pool, upstream.url) == b"ok"


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n"),
        ("POST", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ],
    ids=["HEAD", "204", "304", "empty"],
)
@on_both_loops
async def test_a_response_without_a_body_ends_with_its_headers(method: str, head: bytes) -> None:
    async with scripted([head], [OK]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url, b"", method=method), connect_s=5)
        assert (await response.read(), response.framed, pool.idle) == (b"", True, 1)
        assert await ask(pool, upstream.url) == b"ok"
        assert upstream.accepted == 1


@on_both_loops
async def test_a_body_that_ends_with_the_connection_says_so() -> None:
    async with scripted([b"HTTP/1.1 200 OK\r\n\r\n", b"some ", b"text", CLOSE]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert response.framed is False
        assert await read_all(response) == b"some text"


@on_both_loops
async def test_a_body_without_framing_that_is_reset_has_not_ended() -> None:
    async with scripted([b"HTTP/1.1 200 OK\r\n\r\nsome", HOLD, RESET]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert await response.read() == b"some"
        upstream.go_on()
        assert (await failure_of(response.read())).code == "upstream_reset"


@on_both_loops
async def test_closing_the_pool_is_not_the_end_of_a_body() -> None:
    async with scripted([b"HTTP/1.1 200 OK\r\n\r\nsome", HOLD]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert await response.read() == b"some"
        await pool.close()
        assert (await failure_of(response.read())).code == "upstream_truncated"
        error = await failure_of(ask(pool, upstream.url))
        assert (error.status, error.code) == (503, "draining")
        assert upstream.accepted == 1


@on_both_loops
async def test_an_answer_may_come_before_the_request_is_sent() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.transport.abort()

    async with serving(refuse) as port, pooled() as pool:
        response = await pool.send(post(f"http://127.0.0.1:{port}/", b"x" * 10_000_000), connect_s=5)
        assert (response.status, await read_all(response)) == (413, b"big")
        assert pool.idle == 0


@on_both_loops
async def test_a_big_request_arrives_whole() -> None:
    body = bytes(range(256)) * 40_000
    async with scripted() as upstream, pooled() as pool:
        assert await ask(pool, upstream.url, body=body) == b"ok"
        assert upstream.requests[0].endswith(body)
        assert pool.idle == 1


@on_both_loops
async def test_a_reader_that_lags_stops_the_reading() -> None:
    size = 20_000_000
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode()
    sent = itertools.count()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        for _ in range(size // 10_000):
            writer.write(b"x" * 10_000)
            await writer.drain()
            next(sent)
        await reader.read()
        writer.transport.abort()

    async with serving(flood) as port, pooled(UpstreamLimits(max_buffered_bytes=100_000)) as pool:
        response = await pool.send(post(f"http://127.0.0.1:{port}/"), connect_s=5)
        await asyncio.sleep(0.1)  # nobody reads
        assert next(sent) < size // 10_000 - 1  # the server is held up
        first = await response.read()
        assert 100_000 < len(first) <= 100_000 + 256 * 1024
        assert len(first) + len(await read_all(response)) == size
        assert pool.idle == 1


@on_both_loops
async def test_a_paused_response_that_came_whole_leaves_a_connection_that_is_read() -> None:
    body = b"x" * 30_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n" + body
    async with scripted([answer, HOLD, CLOSE]) as upstream, pooled(UpstreamLimits(max_buffered_bytes=10)) as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        assert await read_all(response) == body
        assert pool.idle == 1
        upstream.go_on()
        await until(lambda: pool.idle == 0)


# What failures are called


@on_both_loops
async def test_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with pooled() as pool:
            error = await failure_of(ask(pool, f"http://127.0.0.1:{port}/v1?key=secret"))
            assert (error.status, error.code) == (502, "upstream_refused")
            assert error.message == f"The connection to 127.0.0.1:{port} was refused."
            assert pool.active == 0


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".invalid", "a..invalid"])
@on_both_loops
async def test_unresolved(host: str) -> None:
    async with pooled() as pool:
        error = await failure_of(ask(pool, f"http://{host}/v1"))
        assert (error.status, error.code) == (502, "upstream_unresolved")
        assert f"{host}:80" in error.message


@contextlib.contextmanager
def never_connects() -> Iterator[int]:
    """A port whose queue is full: a further SYN is dropped."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@on_both_loops
async def test_connect_timeout() -> None:
    with never_connects() as port:
        async with pooled() as pool:
            error = await failure_of(pool.send(post(f"http://127.0.0.1:{port}/v1"), connect_s=0.05))
            assert (error.status, error.code) == (504, "connect")
            assert f"127.0.0.1:{port}" in error.message
            assert pool.active == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([CLOSE], "upstream_closed"),
        ([RESET], "upstream_reset"),
        ([b"HTTP/1.1 200 OK\r\ncontent-le", CLOSE], "upstream_closed"),
        ([b"HTTP/1.1 200 OK\r\ncontent-le", HOLD, RESET], "upstream_reset"),
        ([b"220 smtp.example.com ESMTP\r\n"], "upstream_malformed"),
        ([b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n"], "upstream_malformed"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok"], "upstream_malformed"),
        ([b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nabc"], "upstream_status"),
        ([b"HTTP/1.1 101 Switching\r\n\r\n"], "upstream_status"),
        ([b"HTTP/1.1 099 Odd\r\n\r\n"], "upstream_status"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n"], "upstream_encoding"),
        ([b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\nok"], "upstream_encoding"),
        ([CHUNKED_HEAD, b"zz\r\n"], "upstream_malformed"),
        ([CHUNKED_HEAD, b"2\r\nok\r\n", CLOSE], "upstream_truncated"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", CLOSE], "upstream_truncated"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", HOLD, RESET], "upstream_reset"),
    ],
)
@on_both_loops
async def test_failures_have_their_codes(answer: list[bytes], code: str) -> None:
    async with scripted(answer) as upstream, pooled() as pool:
        upstream.go_on()
        error = await failure_of(ask(pool, upstream.url))
        assert (error.status, error.code) == (502, code)
        assert f"127.0.0.1:{upstream.port}" in error.message
        assert "secret" not in error.message
        assert "sk-key" not in error.message
        await until(lambda: pool.active == 0)
        await until(lambda: upstream.open == pool.idle)


@pytest.mark.parametrize("size", [1, 60_000], ids=["many", "long"])
@on_both_loops
async def test_headers_have_a_limit(size: int) -> None:
    field = b"x-%d: " + b"y" * size + b"\r\n"
    headers = [field % i for i in range(3)] if size > 1 else [b"".join(field % i for i in range(30_000))]
    async with scripted([b"HTTP/1.1 200 OK\r\n", *headers, b"\r\n"]) as upstream, pooled() as pool:
        error = await failure_of(ask(pool, upstream.url))
        assert error.code == "upstream_malformed"
        assert "65536" in error.message


@on_both_loops
async def test_a_header_that_never_ends_has_a_limit() -> None:
    async with scripted([b"HTTP/1.1 200 OK\r\nx: ", *[b"y" * 20_000] * 4, HOLD]) as upstream, pooled() as pool:
        assert (await failure_of(ask(pool, upstream.url))).code == "upstream_malformed"


# Cancellation


@pytest.mark.parametrize(
    "answer",
    [[HOLD], [b"HTTP/1.1 200", HOLD], [b"HTTP/1.1 100 Continue\r\n\r\n", HOLD]],
    ids=["no answer yet", "in the status line", "after an interim response"],
)
@on_both_loops
async def test_cancelled_while_waiting_for_headers(answer: list[bytes]) -> None:
    async with scripted(answer) as upstream, pooled() as pool:
        asking = asyncio.create_task(ask(pool, upstream.url))
        await until(lambda: len(upstream.requests) == 1)
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: upstream.open == 0)
        assert (pool.idle, pool.active) == (0, 0)


@on_both_loops
async def test_cancelled_while_connecting() -> None:
    with never_connects() as port:
        async with pooled() as pool:
            asking = asyncio.create_task(ask(pool, f"http://127.0.0.1:{port}/"))
            await asyncio.sleep(0.01)
            assert pool.active == 1
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert pool.active == 0


@on_both_loops
async def test_cancelled_at_any_turn_of_the_loop() -> None:
    """One after the other, cancelled after 0, 1, 2, … turns: whatever stage that hits, nothing is left."""
    async with scripted([CHUNKED_HEAD, b"2\r\nok\r\n", b"0\r\n\r\n"]) as upstream, pooled() as pool:
        for turns in range(40):
            asking = asyncio.create_task(ask(pool, upstream.url))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            await until(lambda: pool.active == 0)
        assert await ask(pool, upstream.url) == b"ok"
        await until(lambda: upstream.open == pool.idle)


@on_both_loops
async def test_a_cancelled_read_can_be_taken_up_again() -> None:
    async with scripted([CHUNKED_HEAD, HOLD, b"2\r\nok\r\n", b"0\r\n\r\n"]) as upstream, pooled() as pool:
        response = await pool.send(post(upstream.url), connect_s=5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.read(), 0.01)
        upstream.go_on()
        assert await read_all(response) == b"ok"
        assert pool.idle == 1


@on_both_loops
async def test_a_connection_that_is_opened_after_the_pool_was_closed_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, gate = happy_eyeballs._connect, asyncio.Event()

    async def connect_late(address: happy_eyeballs.AddressInfo, limits: UpstreamLimits) -> socket.socket:
        await gate.wait()
        return await connect(address, limits)

    monkeypatch.setattr(happy_eyeballs, "_connect", connect_late)
    async with scripted() as upstream:
        pool = UpstreamPool()
        asking = asyncio.create_task(failure_of(ask(pool, upstream.url)))
        await until(lambda: pool.active == 1)
        await pool.close()
        gate.set()
        assert (await asking).code == "draining"
        await until(lambda: upstream.open == 0)
        assert upstream.requests == []


@on_both_loops
async def test_the_pool_closes_while_a_connection_is_being_opened() -> None:
    with never_connects() as port:
        pool = UpstreamPool()
        asking = asyncio.create_task(pool.send(post(f"http://127.0.0.1:{port}/"), connect_s=0.05))
        await asyncio.sleep(0.01)
        await pool.close()
        assert (await failure_of(asking)).code == "connect"
        assert pool.active == 0
