"""Upstreams that send as fast as they can: what nobody reads is read in turns and at a pace, and limits hold."""

import asyncio
import math
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from fakes import FakePool, FakeResponder, FakeUpstream, Never, Piece
from one_exchange import ROLE, STOP, TEXT, Run

from fake_clock import on_fake_clock
from sealink.errors import UpstreamError
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import follow
from sealink.gateway.delivery.unattended import STREAMS_PER_TURN, Unattended
from sealink.gateway.failover.attempt import Surroundings
from sealink.gateway.operations.chat import STREAM
from sealink.gateway.timer_wheel import TimerWheel
from sealink.policy.routing import OnDisconnect
from sealink.wire.framing.sse import DONE

KEPT_BYTES, RETURN_S = 50_000, 30.0
STREAMS = 40
WAYS: list[OnDisconnect] = ["detach", "drain"]


class Flood(FakeUpstream):
    """Has more to send in each turn of the loop, up to `limit` bytes. `sent` counts them."""

    limit = math.inf

    def __init__(self, piece: bytes, on_read: Callable[[], None] = lambda: None) -> None:
        super().__init__(ROLE + TEXT)
        self.sent = 0
        self._piece = piece
        self._on_read = on_read

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        if self.sent >= self.limit:
            await asyncio.get_running_loop().create_future()
        if self._pieces:
            return await super().read()
        self._on_read()
        self.sent += len(self._piece)
        return self._piece


def unattended_run(upstream: FakeUpstream, way: OnDisconnect, unattended: Unattended | None = None) -> Run:
    run = Run(upstream, on_disconnect=way, targets=("a",), heartbeat=HeartbeatSettings("off"))
    run.services.unattended = unattended or Unattended(KEPT_BYTES, RETURN_S)
    run.services.finish = FinishSettings(max_s=1000, max_tokens=10**9)
    return run


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.mark.parametrize("way", WAYS)
@on_fake_clock
async def test_few_streams_without_a_client_go_on_in_one_turn_of_the_loop(way: OnDisconnect) -> None:
    read_in_turn = [0]

    def count() -> None:
        read_in_turn[-1] += 1

    shared = Unattended(10**9, RETURN_S)
    floods = [Flood(TEXT, count) for _ in range(STREAMS)]
    tasks = [await unattended_run(flood, way, shared).until_the_client_leaves() for flood in floods]
    for _ in range(1000):
        read_in_turn.append(0)
        await asyncio.sleep(0)
    await cancelled(*tasks)
    assert sum(read_in_turn[STREAMS:]) <= STREAMS_PER_TURN * (len(read_in_turn[STREAMS:]) + 1)
    assert max(read_in_turn[STREAMS:]) <= 2 * STREAMS_PER_TURN  # the fakes read in the turn after
    shares = [flood.sent // len(TEXT) for flood in floods]
    assert max(shares) - min(shares) <= 2 * STREAMS  # who left first had some turns alone


@pytest.mark.parametrize("way", WAYS)
@on_fake_clock
async def test_what_nobody_reads_is_read_no_faster_than_the_log_is_replaced_in_the_time_to_return(
    way: OnDisconnect,
) -> None:
    upstream = Flood(TEXT)
    run = unattended_run(upstream, way)
    task = await run.until_the_client_leaves()
    await asyncio.sleep(1)
    assert KEPT_BYTES < upstream.sent < KEPT_BYTES * 1.1
    await asyncio.sleep(10 * RETURN_S)
    assert KEPT_BYTES * 9 < upstream.sent < KEPT_BYTES * 11.2
    await cancelled(task)


@on_fake_clock
async def test_a_stream_that_is_followed_again_goes_on_at_its_own_pace() -> None:
    upstream = Flood(TEXT)
    run = unattended_run(upstream, "detach")
    task = await run.until_the_client_leaves()
    await asyncio.sleep(RETURN_S)
    log = run.services.logs.find("req_1", "dev")
    before = log.end
    upstream.limit = upstream.sent + 5 * KEPT_BYTES
    following = asyncio.ensure_future(follow(log, log.end, begun(FakeResponder())))
    await asyncio.sleep(RETURN_S / 30)
    assert log.end >= before + 5 * KEPT_BYTES
    await cancelled(task, following)


def begun(responder: FakeResponder) -> FakeResponder:
    responder.start(200, [])
    return responder


@pytest.mark.parametrize("way", WAYS)
@on_fake_clock
async def test_a_stop_is_obeyed_at_once(way: OnDisconnect) -> None:
    runs = [unattended_run(Flood(TEXT), way) for _ in range(STREAMS)]
    tasks = [await run.until_the_client_leaves() for run in runs]
    await asyncio.sleep(RETURN_S)
    begun_s = asyncio.get_running_loop().time()
    await cancelled(*tasks)
    assert asyncio.get_running_loop().time() == begun_s
    assert {run.settlement.code for run in runs} == {"draining"}


@on_fake_clock
async def test_turns_are_given_in_the_order_in_which_they_are_asked_for() -> None:
    unattended, given = Unattended(1, 1), list[int]()
    for number in range(3 * STREAMS_PER_TURN):
        unattended.turn(partial(given.append, number))
    while len(given) < 3 * STREAMS_PER_TURN:
        await asyncio.sleep(0)
    assert given == list(range(3 * STREAMS_PER_TURN))


# Limits inside a body


class Stuck(FakeResponder):
    """A client that reads nothing."""

    def write(self, data: bytes) -> bool:
        super().write(data)
        self.paused = True
        return False

    async def flush(self) -> None:
        await asyncio.get_running_loop().create_future()


@on_fake_clock
async def test_total_s_holds_while_a_client_reads_nothing() -> None:
    run = Run(Flood(TEXT), targets=("a",), total_s=100)
    run.responder.__class__ = Stuck
    assert await run.to_the_end() is None
    assert asyncio.get_running_loop().time() == pytest.approx(100)
    assert (run.settlement.ended, run.settlement.code) == ("timed_out", "total")
    assert b'"total"' in run.responder.body


LIMIT = 10_000
BEFORE_CONTENT = {
    "comments": b":\n\n",
    "pings": b": ping 1234567890\n\n",
    "chunks without content": ROLE,
    "events without data": b"event: a\n\n",
}


@pytest.mark.parametrize("name", BEFORE_CONTENT)
@on_fake_clock
async def test_what_comes_before_the_first_content_is_limited(name: str) -> None:
    piece = BEFORE_CONTENT[name]
    count = LIMIT // len(piece)
    assert b'"Hi"' in await held(*[piece] * count, TEXT)
    with pytest.raises(UpstreamError) as caught:
        await held(*[piece] * (2 * count))
    assert (caught.value.status, caught.value.code) == (502, "upstream_too_large")


@on_fake_clock
async def test_the_first_content_itself_may_be_larger() -> None:
    image = TEXT.replace(b"Hi", b"a" * 3 * LIMIT)
    pieces = [image[at : at + 1000] for at in range(0, len(image), 1000)]
    assert await held(ROLE, *pieces, Never()) == ROLE + image


@on_fake_clock
async def test_the_next_target_is_tried_when_one_sends_too_much_without_content() -> None:
    size = STREAM.max_before_content_bytes
    flood = FakeUpstream(*[b":" + b" " * 100_000 + b"\n\n"] * (size // 100_000 + 2))
    run = Run(flood, FakeUpstream(ROLE, TEXT, STOP, DONE))
    assert await run.to_the_end() is None
    assert run.settlement.ended == "done"
    assert flood.closed


async def held(*pieces: Piece) -> bytes:
    """What an attempt at such a stream holds back until its first content."""
    run, pool = Run(), FakePool(FakeUpstream(*pieces))
    operation = msgspec.structs.replace(STREAM, max_before_content_bytes=LIMIT)
    surroundings = Surroundings(pool, TimerWheel(), run.exchange._account.mark)
    attempt = operation.attempt(run.admitted.request, run.admitted.route.targets[0], surroundings)
    await attempt.answer()
    return attempt.take_held()
