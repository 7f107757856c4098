"""One exchange, from admission to settlement, between two fakes."""

import asyncio
import gc
import time
import weakref
from typing import Any

import msgspec
import pytest
from fakes import FakeResponder, FakeUpstream, Never
from one_exchange import CREDENTIALS, OVERLOADED, ROLE, STOP, TEXT, USAGE, WHOLE, Gate, Run

from fake_clock import on_fake_clock, run_on_fake_clock
from sealink.errors import GatewayTimeout, NotFound, SealinkError, UpstreamError
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import Gone, follow
from sealink.policy.retry import RetrySettings
from sealink.policy.routing import OnDisconnect
from sealink.wire.dialect import HeartbeatShape
from sealink.wire.dialects import anthropic_messages
from sealink.wire.framing.sse import DONE


@on_fake_clock
async def test_a_stream_is_moved_and_settled() -> None:
    upstream = FakeUpstream(ROLE, TEXT, STOP + USAGE + DONE)
    run = Run(upstream, include_usage=True)
    assert await run.to_the_end() is None
    assert run.responder.body == ROLE + TEXT + STOP + USAGE + DONE
    assert run.responder.status == 200
    assert run.responder.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert run.responder.headers["cache-control"] == "no-cache, no-transform"
    assert run.responder.headers["x-accel-buffering"] == "no"
    assert run.responder.headers["x-sealink-upstream"] == "a"
    assert run.responder.headers["x-sealink-original-model"] == "m"
    assert run.responder.headers["x-sealink-served-model"] == "m-a"
    assert "x-sealink-fallback" not in run.responder.headers
    assert upstream.closed
    settlement = run.settlement
    assert (settlement.ended, settlement.code, settlement.provider, settlement.chunks) == ("done", None, "a", 5)
    assert settlement.usage is not None
    assert (settlement.usage.input_tokens, settlement.usage.output_tokens) == (3, 1)


@on_fake_clock
async def test_the_upstream_is_asked_in_its_own_words() -> None:
    run = Run(FakeUpstream(TEXT + STOP + DONE))
    await run.to_the_end()
    (request,) = run.pool.requests
    assert request.url == "http://x/v1/chat/completions"
    body = msgspec.json.decode(request.body)
    assert body["model"] == "m-a"
    assert body["stream_options"] == {"include_usage": True}


@on_fake_clock
async def test_usage_is_learnt_and_not_shown_when_it_was_not_asked_for() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, USAGE, DONE))
    await run.to_the_end()
    assert b"usage" not in run.responder.body
    assert run.settlement.usage is not None


@pytest.mark.parametrize(
    "first",
    [
        lambda: UpstreamError("refused", code="upstream_refused"),
        lambda: FakeUpstream(b"slow down", status=429, headers=[("retry-after", "1")]),
        lambda: FakeUpstream(CREDENTIALS, status=401),
        lambda: FakeUpstream(ROLE, OVERLOADED),
        lambda: FakeUpstream(ROLE),
        lambda: FakeUpstream(ROLE, UpstreamError("reset", code="upstream_reset")),
        lambda: FakeUpstream(b"garbage\n\n", b"data: {nope\n\n"),
        lambda: FakeUpstream(ROLE, Never()),
        Never,
    ],
    ids=["refused", "429", "401", "error in a 200", "empty", "reset", "garbage", "no content", "no answer"],
)
def test_a_failure_before_the_first_content_goes_to_the_next_target(first: Any) -> None:
    async def test() -> None:
        run = Run(first(), FakeUpstream(ROLE, TEXT, STOP, DONE), first_content_s=5)
        assert await run.to_the_end() is None
        assert run.responder.body == ROLE + TEXT + STOP + DONE
        assert run.responder.headers["x-sealink-fallback"] == "true"
        assert [attempt.provider for attempt in run.settlement.attempts] == ["a", "b"]
        assert run.settlement.ended == "done"

    run_on_fake_clock(test())


@on_fake_clock
async def test_the_last_targets_failure_is_told_by_status() -> None:
    headers = [("retry-after", "7")]
    run = Run(UpstreamError("refused"), FakeUpstream(CREDENTIALS, status=429, headers=headers))
    error = await run.to_the_end()
    assert error is not None
    assert (error.status, error.message) == (429, "No such key.")
    assert ("retry-after", "7") in error.headers
    assert not run.responder.started
    assert (run.settlement.ended, run.settlement.code) == ("error", "bad_key")


@on_fake_clock
async def test_a_mistake_in_the_request_is_not_tried_again() -> None:
    run = Run(FakeUpstream(CREDENTIALS, status=400))
    error = await run.to_the_end()
    assert error is not None
    assert error.status == 400
    assert len(run.pool.requests) == 1


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (OVERLOADED, "overloaded"),
        (UpstreamError("reset", code="upstream_reset"), "upstream_reset"),
        (b"data: {nope\n\n", "upstream_malformed"),
        (b"", "upstream_truncated"),
        (Never(), "idle"),
    ],
)
def test_a_failure_after_the_first_content_is_one_frame(after: Any, code: str) -> None:
    async def test() -> None:
        run = Run(FakeUpstream(ROLE, TEXT, after), idle_s=5)
        assert await run.to_the_end() is None
        *frames, last = run.responder.data
        assert len(frames) == 2
        assert isinstance(last, dict)
        assert last["error"]["code"] == code
        assert (run.settlement.ended, run.settlement.code) == ("timed_out" if code == "idle" else "error", code)

    run_on_fake_clock(test())


@on_fake_clock
async def test_an_end_that_proves_nothing_is_a_cut() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, framed=False))
    await run.to_the_end()
    assert run.settlement.code == "upstream_truncated"
    whole = Run(FakeUpstream(ROLE, TEXT, STOP, USAGE, framed=False))
    await whole.to_the_end()
    assert whole.settlement.ended == "done"
    assert whole.responder.body.endswith(DONE)


@on_fake_clock
async def test_the_total_time_is_up() -> None:
    upstream = FakeUpstream(ROLE, TEXT, Never())
    run = Run(upstream, total_s=50)
    assert await run.to_the_end() is None
    assert b'"total"' in run.responder.body
    assert not run.responder.body.endswith(DONE)
    assert upstream.closed
    assert run.settlement.code == "total"


@on_fake_clock
async def test_a_client_that_leaves_closes_the_upstream() -> None:
    upstream = FakeUpstream(ROLE, TEXT, Never())
    run = Run(upstream)
    task = await run.until_the_client_leaves()
    await task
    assert upstream.closed
    assert run.settlement.ended == "client_gone"


@on_fake_clock
async def test_a_stop_ends_the_stream_with_an_error_frame() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, Never()))
    task = asyncio.ensure_future(run.run())
    await run.responder.first_byte.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.responder.finished
    assert b'"draining"' in run.responder.body
    assert (run.settlement.ended, run.settlement.code) == ("stopped", "draining")


@on_fake_clock
async def test_a_whole_answer() -> None:
    run = Run(FakeUpstream(WHOLE[:20], WHOLE[20:]), stream=False)
    assert await run.to_the_end() is None
    assert run.responder.body == WHOLE
    assert run.responder.headers["content-type"] == "application/json"
    assert run.settlement.usage is not None
    assert run.settlement.usage.input_tokens == 3


@on_fake_clock
async def test_a_whole_answer_that_never_comes() -> None:
    run = Run(Never(), Never(), stream=False, total_s=50)
    error = await run.to_the_end()
    assert run.settlement.ended == "timed_out"
    assert isinstance(error, GatewayTimeout)
    assert (error.status, error.code) == (504, "total")


@on_fake_clock
async def test_a_translated_stream() -> None:
    pieces = [
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
        b'"role":"assistant",'
        b'"model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"Hi"}}\n\n',
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
        b'"usage":{"output_tokens":2}}\n\n',
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ]
    run = Run(FakeUpstream(*pieces), include_usage=True, dialect=anthropic_messages.UPSTREAM)
    assert await run.to_the_end() is None
    assert run.pool.requests[0].url == "http://x/v1/v1/messages"
    texts = [
        frame["choices"][0]["delta"].get("content")
        for frame in run.responder.data
        if isinstance(frame, dict) and frame["choices"]
    ]
    assert "".join(text or "" for text in texts) == "Hi"
    assert run.responder.body.endswith(DONE)
    assert run.settlement.usage is not None
    assert (run.settlement.usage.input_tokens, run.settlement.usage.output_tokens) == (3, 2)


@on_fake_clock
async def test_the_last_target_is_tried_again_after_a_passing_failure() -> None:
    run = Run(FakeUpstream(b"busy", status=503), FakeUpstream(ROLE, TEXT, STOP, DONE), targets=("a",))
    assert await run.to_the_end() is None
    assert [attempt.code for attempt in run.settlement.attempts] == ["service_unavailable", None]
    assert "x-sealink-fallback" not in run.responder.headers


@on_fake_clock
async def test_a_wait_that_the_upstream_asks_for_is_left_to_the_client_when_it_is_long() -> None:
    run = Run(FakeUpstream(b"busy", status=429, headers=[("retry-after", "60")]), targets=("a",))
    error = await run.to_the_end()
    assert error is not None
    assert error.status == 429
    assert len(run.pool.requests) == 1


@on_fake_clock
async def test_retries_have_a_budget() -> None:
    settings = RetrySettings(attempts=100, first_delay_s=0.0, max_delay_s=0.0, budget_share=0.0)
    run = Run(*[UpstreamError("refused") for _ in range(100)], targets=("a",), retry=settings)
    assert await run.to_the_end() is not None
    assert len(run.pool.requests) == 11


@on_fake_clock
async def test_a_target_whose_breaker_is_open_comes_last() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, DONE))
    first = run.admitted.route.targets[0]
    for _ in range(5):
        run.services.health.of(first).breaker.failed(time.monotonic())
    assert await run.to_the_end() is None
    assert run.settlement.provider == "b"
    assert len(run.settlement.attempts) == 1


HEART = HeartbeatSettings(grace_s=10, interval_s=10)


@on_fake_clock
async def test_a_client_that_waits_is_sent_signs_of_life_from_the_end_of_the_grace() -> None:
    upstream = FakeUpstream(ROLE, Never())
    run = Run(upstream, heartbeat=HEART, targets=("a",), first_content_s=95)
    assert await run.to_the_end() is None
    assert run.responder.status == 200
    beats, frame = run.responder.body.split(b"data: ")
    assert beats == b":\n" * 9
    assert b'"first_content"' in frame
    assert [moment for moment, _ in run.settlement.timeline].count("heartbeat") == 9
    assert (run.settlement.ended, run.settlement.code) == ("timed_out", "first_content")


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/chat/completions", "off"),
        ("/v1/messages", "chunk"),
        ("/v1/messages/x", "chunk"),
        ("/v1/x", "comment"),
        ("/x", "off"),
    ],
)
def test_the_longest_path_that_fits_says_the_shape(path: str, shape: str) -> None:
    settings = HeartbeatSettings(
        shape="off", paths={"/v1/": "comment", "/v1/messages": "chunk", "/v1/chat/completions": "off"}
    )
    assert settings.shape_on(path) == shape


@pytest.mark.parametrize(("key", "begins"), [(None, b'data: {"id":""'), ("comment", b":\n"), ("off", b"")])
def test_a_keys_heartbeat_counts_before_its_paths(key: HeartbeatShape | None, begins: bytes) -> None:
    async def test() -> None:
        settings = HeartbeatSettings(grace_s=10, interval_s=10, paths={"/v1/chat": "chunk"})
        run = Run(FakeUpstream(ROLE, TEXT, Never()), heartbeat=settings, key_heartbeat=key, idle_s=50)
        await run.to_the_end()
        beats = run.responder.body.removeprefix(ROLE + TEXT).partition(b'data: {"error"')[0]
        assert beats.startswith(begins)
        assert bool(beats) == bool(begins)

    run_on_fake_clock(test())


@on_fake_clock
async def test_a_fallback_is_still_possible_under_heartbeats() -> None:
    first = FakeUpstream(ROLE, Never())
    second = FakeUpstream(ROLE, TEXT, STOP, DONE)
    run = Run(first, second, heartbeat=HEART, first_content_s=50)
    assert await run.to_the_end() is None
    assert run.responder.body.lstrip(b":\n") == ROLE + TEXT + STOP + DONE
    assert first.closed


@on_fake_clock
async def test_there_is_no_heartbeat_within_the_grace() -> None:
    run = Run(FakeUpstream(ROLE, Never()), heartbeat=HeartbeatSettings(grace_s=5), targets=("a",), first_content_s=4)
    error = await run.to_the_end()
    assert error is not None
    assert error.status == 504


@on_fake_clock
async def test_a_stream_that_stalls_is_kept_alive_too() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, Never()), heartbeat=HEART, idle_s=35)
    assert await run.to_the_end() is None
    assert run.responder.body.startswith(ROLE + TEXT + b":\n" * 3 + b'data: {"error"')  # after 10, 20 and 30 s
    assert run.settlement.code == "idle"


@on_fake_clock
async def test_what_was_relayed_is_counted_when_the_client_leaves() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, Never()))
    task = await run.until_the_client_leaves()
    await task
    usage = run.settlement.usage
    assert usage is not None
    assert (run.settlement.usage_source, usage.input_tokens, usage.output_tokens) == ("estimated", 1, 1)
    assert (run.settlement.ended, run.settlement.ended_by) == ("client_gone", "client")


@on_fake_clock
async def test_a_drained_answer_is_read_to_its_end_for_its_usage() -> None:
    upstream = Gate(ROLE, TEXT, STOP, USAGE, DONE)
    run = Run(upstream, on_disconnect="drain")
    task = await run.until_the_client_leaves()
    assert run.services.finishing.taken == 1
    upstream.open.set()
    await task
    settlement = run.settlement
    assert (settlement.ended, settlement.ended_by, settlement.usage_source) == ("drained", "client", "provider")
    assert settlement.usage is not None
    assert settlement.usage.output_tokens == 1
    assert run.services.finishing.taken == 0


@on_fake_clock
async def test_too_many_drains_are_cancelled_instead() -> None:
    upstream = Gate(ROLE, TEXT, STOP, USAGE, DONE)
    run = Run(upstream, on_disconnect="drain")
    while run.services.finishing.take():
        pass
    task = await run.until_the_client_leaves()
    await task
    assert upstream.closed
    assert run.settlement.ended == "client_gone"


@on_fake_clock
async def test_a_drain_has_a_limit() -> None:
    upstream = Gate(ROLE, TEXT, STOP, USAGE, DONE)
    run = Run(upstream, on_disconnect="drain")
    run.services.finish = FinishSettings(max_s=120)
    task = await run.until_the_client_leaves()
    await task
    assert (run.settlement.ended, run.settlement.code) == ("client_gone", "drain_limit")
    assert run.services.finishing.taken == 0


@on_fake_clock
async def test_a_detached_stream_goes_on_and_can_be_resumed() -> None:
    upstream = Gate(ROLE, TEXT, STOP, DONE)
    run = Run(upstream, on_disconnect="detach")
    task = await run.until_the_client_leaves()
    heard = run.responder.body
    assert run.responder.headers["x-sealink-stream-id"] == "req_1"
    log = run.services.logs.find("req_1", "dev")
    second = FakeResponder()
    second.start(200, [])
    following = asyncio.ensure_future(follow(log, len(heard), second))
    upstream.open.set()
    await task
    await following
    assert heard + second.body == ROLE + TEXT + STOP + DONE
    assert (run.settlement.ended, run.settlement.ended_by) == ("detached", "client")


@on_fake_clock
async def test_a_detached_stream_can_be_cancelled() -> None:
    run = Run(Gate(ROLE, TEXT, STOP, DONE), on_disconnect="detach")
    task = await run.until_the_client_leaves()
    log = run.services.logs.find("req_1", "dev")
    log.cancel()
    await task
    assert log.ended
    assert b'"cancelled"' in log.read(0)
    assert run.settlement.ended == "cancelled"


@on_fake_clock
async def test_a_stream_is_kept_for_its_own_key_only() -> None:
    run = Run(Gate(ROLE, TEXT, STOP, DONE), on_disconnect="detach")
    task = await run.until_the_client_leaves()
    with pytest.raises(NotFound):
        run.services.logs.find("req_1", "other")
    with pytest.raises(Gone):
        run.services.logs.find("req_1", "dev").read(10_000)
    task.cancel()


@on_fake_clock
async def test_a_client_that_takes_nothing_is_sent_away() -> None:
    upstream = FakeUpstream(ROLE, TEXT, Never())
    run = Run(upstream, on_disconnect="drain")
    run.responder.too_slow = True
    task = await run.until_the_client_leaves()
    await task
    assert upstream.closed
    assert (run.settlement.ended, run.settlement.ended_by, run.settlement.code) == ("error", "sealink", "slow_client")


@on_fake_clock
async def test_the_timeline_tells_what_happened_when() -> None:
    run = Run(FakeUpstream(ROLE, TEXT, STOP, DONE))
    await run.to_the_end()
    moments = [moment for moment, _ in run.settlement.timeline]
    assert moments == ["admitted", "connected", "headers", "first_content", "last_byte"]
    times = [at_ms for _, at_ms in run.settlement.timeline]
    assert times == sorted(times)


@on_fake_clock
async def test_a_stop_is_told_to_a_client_that_has_heard_heartbeats_only() -> None:
    run = Run(FakeUpstream(ROLE, Never()), heartbeat=HEART)
    task = asyncio.ensure_future(run.run())
    await run.responder.first_byte.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.responder.finished
    assert b'"draining"' in run.responder.body


@on_fake_clock
async def test_a_failure_before_the_first_content_is_a_status_for_a_detachable_stream_too() -> None:
    run = Run(FakeUpstream(CREDENTIALS, status=400), on_disconnect="detach")
    error = await run.to_the_end()
    assert error is not None
    assert error.status == 400


@on_fake_clock
async def test_no_other_target_is_tried_for_a_client_that_has_left() -> None:
    first = Gate(ROLE, OVERLOADED)
    run = Run(first, FakeUpstream(ROLE, TEXT, STOP, DONE), on_disconnect="drain", heartbeat=HEART)
    first._reads = 1
    task = await run.until_the_client_leaves()
    first.open.set()
    await task
    assert len(run.pool.requests) == 1
    assert run.settlement.ended == "error"


@pytest.mark.parametrize("on_disconnect", ["cancel", "detach"])
def test_what_is_over_is_not_left_to_the_collector(on_disconnect: OnDisconnect) -> None:
    """A collection stops all streams: 50 ms, with 500 of them open."""

    async def is_gone() -> bool:
        upstream = Gate(ROLE, TEXT, STOP, DONE)
        run = Run(upstream, on_disconnect=on_disconnect)
        task = await run.until_the_client_leaves()
        upstream.open.set()
        await asyncio.wait([task])
        exchange = weakref.ref(run.exchange)
        del run.exchange, task
        await asyncio.sleep(0)
        return exchange() is None

    gc.disable()
    try:
        assert run_on_fake_clock(is_gone())
    finally:
        gc.enable()


@on_fake_clock
@pytest.mark.parametrize("by", ["key", "team"])
async def test_a_stream_whose_key_is_revoked_ends_with_an_error(by: str) -> None:
    upstream = Gate(ROLE, TEXT, STOP + DONE)
    run = Run(upstream)
    run.admitted.key = msgspec.structs.replace(run.admitted.key, team="research")
    task = asyncio.ensure_future(run.run())
    await run.responder.first_byte.wait()
    run.services.open.revoke({"other"}, {"other"})
    assert not run.responder.finished
    run.services.open.revoke({"dev"} if by == "key" else (), {"research"} if by == "team" else ())
    await task
    assert b"'dev' was revoked" in run.responder.body
    assert run.responder.finished
    assert upstream.closed
    settlement = run.settlement
    assert (settlement.ended, settlement.ended_by, settlement.code) == ("stopped", "sealink", "key_revoked")


@on_fake_clock
async def test_a_whole_answer_whose_key_is_revoked_is_refused() -> None:
    run = Run(Never(), stream=False, targets=("a",))
    task = asyncio.ensure_future(run.run())
    await asyncio.sleep(1)
    run.services.open.revoke({"dev"}, ())
    with pytest.raises(SealinkError) as refused:
        await task
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")
    assert run.settlement.code == "key_revoked"


@on_fake_clock
async def test_an_exchange_that_has_ended_is_not_open() -> None:
    run = Run(FakeUpstream(TEXT + STOP + DONE))
    await run.to_the_end()
    run.services.open.revoke({"dev"}, ())
    assert run.settlement.ended == "done"


@on_fake_clock
async def test_a_request_waits_until_its_answer_begins() -> None:
    upstream = Gate(ROLE, TEXT, STOP + DONE)
    run = Run(upstream)
    task = asyncio.ensure_future(run.run())
    await asyncio.sleep(0)
    assert run.services.open.waiting == 1
    await run.responder.first_byte.wait()
    assert run.services.open.waiting == 0
    run.services.open.revoke({"dev"}, ())
    await task
