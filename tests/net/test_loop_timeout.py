"""A time limit that counts the time in which the loop comes round, and a connection that is opened under it."""

import asyncio
import time
from typing import Any, cast

import pytest
from served import on_both_loops

from fake_clock import JumpingSelector, on_fake_clock
from sealink.net.client import UpstreamPool
from sealink.net.loop_timeout import loop_timeout
from sealink.net.message import UpstreamRequest

LIMIT_S = 8.0


def block(seconds: float) -> None:
    """The loop does not come round for so long."""
    clock = cast(JumpingSelector, cast(Any, asyncio.get_running_loop()).clock)
    clock.now_s += seconds


@on_fake_clock
async def test_a_loop_that_is_not_busy_waits_exactly_so_long() -> None:
    with pytest.raises(TimeoutError):
        async with loop_timeout(LIMIT_S):
            await asyncio.Event().wait()
    assert time.monotonic() == pytest.approx(LIMIT_S)
    async with loop_timeout(LIMIT_S):
        await asyncio.sleep(LIMIT_S * 0.999)


@pytest.mark.parametrize("after_s", [0.0, LIMIT_S / 2, LIMIT_S * 0.99])
def test_time_in_which_the_loop_does_not_come_round_does_not_count(after_s: float) -> None:
    @on_fake_clock
    async def scenario() -> None:
        async with loop_timeout(LIMIT_S):
            await asyncio.sleep(after_s)
            block(100 * LIMIT_S)
            for _ in range(10):  # what has come meanwhile takes some turns
                await asyncio.sleep(0)

    scenario()


@on_fake_clock
async def test_a_loop_that_is_always_late_comes_to_the_end_too() -> None:
    turns = 0

    async def be_busy() -> None:
        nonlocal turns
        while True:
            block(LIMIT_S)
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(be_busy())
    with pytest.raises(TimeoutError):
        async with loop_timeout(LIMIT_S):
            await asyncio.Event().wait()
    busy.cancel()
    assert turns < 50


@on_fake_clock
async def test_a_cancelled_task_is_not_timed_out() -> None:
    async def wait() -> None:
        async with loop_timeout(LIMIT_S):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@on_both_loops
async def test_a_connection_that_is_there_is_not_failed_because_the_loop_was_busy() -> None:
    """Of many that are opened at once, none."""
    answered = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        await reader.readuntil(b"\r\n\r\n")
        answered += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nHi")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        pool = UpstreamPool()
        request = UpstreamRequest("GET", url, ())
        sending = [asyncio.create_task(pool.send(request, connect_s=0.2)) for _ in range(50)]
        asyncio.get_running_loop().call_soon(time.sleep, 0.5)
        responses = await asyncio.gather(*sending)
        assert [await response.read() for response in responses] == [b"Hi"] * 50
        await pool.close()
    assert answered == 50
