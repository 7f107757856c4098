"""Detached streams when things go wrong: silent networks, followers that lag, logs that fill up, a stop."""

import asyncio
from collections.abc import Iterator

import pytest
from fakes import FakeResponder, FakeUpstream, Never
from one_exchange import ROLE, STOP, TEXT, Gate, Run

from fake_clock import on_fake_clock
from sealink.errors import ServiceUnavailable
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import DetachedStream, DetachSettings, Gone, StreamLog, StreamLogs, follow
from sealink.wire.dialects import openai_responses
from sealink.wire.framing.sse import DONE


def kept(key: str = "dev") -> DetachedStream:
    return DetachedStream(key, lambda: None, lambda error: f"data: {error.code}\n\n".encode())


@on_fake_clock
async def test_a_client_whose_network_fell_silent_can_come_back() -> None:
    upstream = Gate(ROLE, TEXT, STOP, DONE)
    run = Run(upstream, on_disconnect="detach")
    run.responder.too_slow = True
    task = await run.until_the_client_leaves()
    upstream.open.set()
    await task
    assert (run.settlement.ended, run.settlement.ended_by) == ("detached", "client")
    assert run.services.logs.find("req_1", "dev").read(0).endswith(DONE)


@on_fake_clock
async def test_who_follows_a_silent_stream_hears_signs_of_life() -> None:
    heart = HeartbeatSettings(grace_s=10, interval_s=10)
    run = Run(FakeUpstream(ROLE, TEXT, Never()), on_disconnect="detach", heartbeat=heart, targets=("a",), idle_s=45)
    await (await run.until_the_client_leaves())
    told = run.services.logs.find("req_1", "dev").read(0)
    assert told.count(b":\n") == 4
    assert b'"idle"' in told


@on_fake_clock
async def test_a_stream_that_told_nothing_leaves_no_log() -> None:
    run = Run(FakeUpstream(status=400), on_disconnect="detach", targets=("a",))
    assert await run.to_the_end() is not None
    assert len(run.services.logs) == 0


@on_fake_clock
async def test_a_stream_that_is_not_let_in_leaves_no_log() -> None:
    run = Run(on_disconnect="detach")

    def refuse(admission: object) -> None:
        raise ServiceUnavailable("Requests cannot be accounted for now.")

    run.ledger.admit = refuse  # type: ignore[method-assign]
    with pytest.raises(ServiceUnavailable):
        await run.run()
    assert len(run.services.logs) == 0


@on_fake_clock
async def test_a_new_stream_takes_the_place_of_one_that_is_over() -> None:
    logs = StreamLogs(DetachSettings(max_streams=2))
    first, second = logs.open("1", kept()), logs.open("2", kept())
    assert first
    assert second
    assert logs.open("3", kept()) is None
    first.write(b"x")
    logs.close("1")
    assert logs.open("3", kept()) is not None
    assert logs.find("2", "dev") is second


class Slow(FakeResponder):
    """Takes a piece, and then nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.start(200, ())
        self.may_go_on = asyncio.Event()

    async def flush(self) -> None:
        await self.may_go_on.wait()


@on_fake_clock
async def test_who_follows_too_slowly_is_told_so() -> None:
    log, client = StreamLog(kept(), max_bytes=100), Slow()
    log.write(b"a" * 50)
    following = asyncio.ensure_future(follow(log, 0, client))
    await asyncio.sleep(0)
    log.write(b"b" * 500)
    client.may_go_on.set()
    await following
    assert client.body == b"a" * 50 + b"data: stream_gone\n\n"
    assert client.finished
    with pytest.raises(Gone):
        log.read(50)


@on_fake_clock
async def test_who_follows_is_told_of_a_stop() -> None:
    log, client = StreamLog(kept(), max_bytes=100), Slow()
    following = asyncio.ensure_future(follow(log, 0, client))
    await asyncio.sleep(0)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert (client.body, client.finished) == (b"data: draining\n\n", True)


def pieces(body: bytes) -> Iterator[bytes]:
    yield from body.removesuffix(b"\n\n").split(b"\n\n")


@on_fake_clock
async def test_a_stop_is_told_in_the_streams_own_words() -> None:
    """A response that has begun fails under its own id, with the next sequence number."""
    run = Run(FakeUpstream(ROLE, TEXT, Never()), targets=("a",))
    body = b'{"model":"m","input":"Hello","stream":true}'
    request, client = run.admitted.request, openai_responses.CLIENT
    request.client, request.head = client, client.parse_head(body, {})
    task = asyncio.ensure_future(run.run())
    await run.responder.first_byte.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    events = list(pieces(run.responder.body))
    assert f'"sequence_number":{len(events) - 1}}}'.encode() in events[-1]
    assert b'"draining"' in events[-1]
    assert b'"response":{"id":"1",' in events[-1]
