"""A graceful stop, step by step: accept no more, wait for the shutdown grace, cancel handlers, cut connections."""

import asyncio
import contextlib
import time

import pytest
from served import GET, PATIENCE_S, Gate, Owner, on_both_loops, serving

from sealink.net.message import Request, Responder

STREAM_HEADERS = [("content-type", "text/event-stream")]


@on_both_loops
async def test_idle_connections_are_closed_at_once_and_new_ones_refused() -> None:
    async with serving() as served:
        fresh, kept = await served.connect(), await served.connect()
        assert (await kept.ask(GET)).status == 200
        await served.server.stop(10 * PATIENCE_S)
        assert (await fresh.rest(), await kept.rest()) == (b"", b"")
        with pytest.raises(ConnectionRefusedError):
            await served.connect()


@on_both_loops
async def test_open_requests_are_answered_as_the_last_of_their_connection() -> None:
    gate = Gate()
    async with serving(gate) as served:
        client = await served.connect()
        client.send(GET + b"GET /dropped HTTP/1.1\r\nhost: x\r\n\r\n")
        await gate.entered.wait()
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        assert not stop.done()
        gate.opened.set()
        response = await client.response()
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert await client.rest() == b""
        await stop
    assert gate.paths == ["/"]


@on_both_loops
async def test_what_a_client_still_pipelines_is_thrown_away() -> None:
    gate = Gate()
    async with serving(gate, cancel_grace_s=0.1) as served:
        client = await served.connect()
        client.send(GET * 10_000)
        await gate.entered.wait()
        stop = asyncio.ensure_future(served.server.stop(0.1))
        await asyncio.sleep(0)
        gate.opened.set()
        assert (await client.response()).headers["connection"] == "close"
        (connection,) = served.server._connections
        client.send(GET * 10_000)
        await asyncio.sleep(0.02)
        assert (len(connection._waiting), connection._unparsed) == (0, b"")
        await stop
    assert gate.paths == ["/"]


@on_both_loops
async def test_a_stream_that_has_begun_may_end_in_its_own_time() -> None:
    go_on = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        responder.write(b"one")
        await go_on.wait()
        responder.write(b"two")
        responder.finish()

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        assert await client.chunk() == b"one"
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        go_on.set()
        assert await client.chunk() == b"two"
        assert await client.chunk() == b""
        assert await client.rest() == b""
        await stop


@on_both_loops
async def test_a_request_on_its_way_when_the_stop_comes_is_still_served() -> None:
    async with serving() as served:
        client = await served.connect()
        client.send(GET[:10])
        await asyncio.sleep(0.02)
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        response = await client.ask(GET[10:])
        assert (response.status, response.headers["connection"]) == (200, "close")
        await stop


@on_both_loops
async def test_when_the_shutdown_grace_is_over_streams_end_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """The handler is cancelled, sees that the client is still there, and has time to say why it ends."""

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            assert not responder.gone
            await asyncio.sleep(0.05)
            responder.write(b"error: draining")
            responder.finish()
            raise

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        begin = time.perf_counter()
        stop = asyncio.ensure_future(served.server.stop(0.1))
        assert await client.chunk() == b"error: draining"
        assert await client.chunk() == b""
        assert await client.rest() == b""
        await stop
        assert time.perf_counter() - begin > 0.09
    assert caplog.records == []


@on_both_loops
async def test_when_the_shutdown_grace_is_over_what_has_not_begun_gets_a_503(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    async with serving(gate) as served:
        answering, receiving = await served.connect(), await served.connect()
        answering.send(GET)
        await gate.entered.wait()
        receiving.send(GET[:10])
        await asyncio.sleep(0.02)
        stop = asyncio.ensure_future(served.server.stop(0.05))
        for client in (answering, receiving):
            response = await client.response()
            assert (response.status, response.json["code"]) == (503, "draining")
            assert response.headers["connection"] == "close"
            client.close()
        await stop
    assert gate.paths == ["/"]
    assert caplog.records == []


@on_both_loops
async def test_a_stream_without_a_last_word_is_cut() -> None:
    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        await asyncio.Event().wait()

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        await asyncio.wait_for(served.server.stop(0), 1)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.chunk()


@on_both_loops
async def test_the_grace_is_not_for_ever() -> None:
    cancelled: list[bool] = []

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        for _ in range(2):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(responder.gone)

    async with serving(handler, cancel_grace_s=0.1) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        begin = time.perf_counter()
        await served.server.stop(0.1)
        assert time.perf_counter() - begin > 0.19  # loops round timers to milliseconds
    assert cancelled == [False, True]


@on_both_loops
async def test_a_handler_that_has_answered_settles_within_the_grace() -> None:
    outcomes: list[str] = []

    async def handler(request: Request, responder: Responder) -> None:
        responder.send(200, [], b"")
        await asyncio.sleep(0.1)
        outcomes.append("settled")

    async with serving(handler) as served:
        assert (await served.ask(GET)).status == 200
        await served.server.stop(0)
    assert outcomes == ["settled"]


@on_both_loops
async def test_a_client_that_leaves_within_the_grace_does_not_interrupt_the_ending() -> None:
    ending, left, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await left.wait()
            await asyncio.sleep(0)
            ended.set()

    async with serving(handler) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        stop = asyncio.ensure_future(served.server.stop(0))
        await ending.wait()
        client.close()
        while served.server.connections:
            await asyncio.sleep(0.001)
        left.set()
        await stop
    assert ended.is_set()


@on_both_loops
async def test_an_owner_whose_client_has_left_is_waited_for_like_any_other() -> None:
    owners, entered = dict[str, Owner](), asyncio.Event()

    def handler(request: Request, responder: Responder) -> None:
        owners[request.path] = Owner()
        responder.hold(owners[request.path])
        loop = asyncio.get_running_loop()
        if request.path == "/short":
            loop.call_later(0.1, responder.let_go)
        else:
            owners[request.path].shut_down = lambda: loop.call_soon(responder.let_go)  # type: ignore[method-assign]
        entered.set()

    async with serving(handler) as served:
        for path in (b"/short", b"/long"):
            entered.clear()
            client = await served.connect()
            client.send(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % path)
            await entered.wait()
            client.close()
        await served.server.stop(0.3)
        assert served.server.open_requests == 0
    assert [owner.told for owner in owners.values()] == [["gone"], ["gone"]]


@on_both_loops
async def test_a_handler_that_will_not_end_does_not_hold_the_stop(caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()

    async def stubborn(request: Request, responder: Responder) -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    async with serving(stubborn, cancel_grace_s=0.05) as served:
        client = await served.connect()
        client.send(GET)
        while not served.server.open_requests:
            await asyncio.sleep(0.001)
        await asyncio.wait_for(served.server.stop(0), 1)
        assert "1 handlers did not end" in caplog.text
        release.set()
        await served.settle()


@on_both_loops
async def test_a_client_that_takes_nothing_does_not_hold_the_stop() -> None:
    async def handler(request: Request, responder: Responder) -> None:
        responder.send(200, [], bytes(30_000_000))

    async with serving(handler, cancel_grace_s=0.05) as served:
        client = await served.connect(receive_buffer=4096)
        client.send(GET)
        await client.head()
        await asyncio.wait_for(served.server.stop(0.05), 1)
        assert served.server.unsent_bytes == 0


@on_both_loops
async def test_stopping_twice_or_without_a_client_is_no_matter() -> None:
    async with serving() as served:
        await served.server.stop(0)
        await served.server.stop(PATIENCE_S)


@on_both_loops
async def test_what_is_on_its_way_over_an_idle_connection_is_answered_as_its_last() -> None:
    async with serving(keep_alive_grace_s=PATIENCE_S) as served:
        client = await served.connect()
        assert "connection" not in (await client.ask(GET)).headers
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        assert not stop.done()
        assert (await client.ask(GET)).headers["connection"] == "close"
        assert await client.rest() == b""
        await stop


@on_both_loops
async def test_who_was_told_that_the_connection_stays_may_send_one_more_request() -> None:
    go_on = asyncio.Event()

    async def handler(request: Request, responder: Responder) -> None:
        responder.start(200, STREAM_HEADERS)
        await go_on.wait()
        responder.finish()

    async with serving(handler, keep_alive_grace_s=PATIENCE_S) as served:
        client = await served.connect()
        client.send(GET)
        assert "connection" not in (await client.head()).headers
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        go_on.set()
        assert await client.chunk() == b""
        assert (await client.ask(GET)).headers["connection"] == "close"
        await stop


@on_both_loops
async def test_an_idle_connection_is_closed_when_the_keep_alive_grace_is_over() -> None:
    async with serving(keep_alive_grace_s=0.05) as served:
        idle = await served.connect()
        await idle.ask(GET)
        await served.server.stop(PATIENCE_S)
        assert await idle.rest() == b""


@on_both_loops
async def test_in_a_hurry_an_idle_connection_is_closed_at_once() -> None:
    async with serving(keep_alive_grace_s=PATIENCE_S) as served:
        idle = await served.connect()
        await idle.ask(GET)
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        served.server.hurry()
        await stop
        assert await idle.rest() == b""
