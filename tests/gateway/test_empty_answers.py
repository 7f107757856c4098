"""An answer without anything in it is a failure of the upstream's, not an answer: it is tried again, and elsewhere."""

import json
from typing import Any

import pytest
from fakes import FakeUpstream
from one_exchange import ROLE, STOP, TEXT, USAGE, WHOLE, Run
from test_answer_framing import CLIENTS, asked, sse, target

from fake_clock import on_fake_clock
from sealink.errors import UpstreamError
from sealink.gateway.operations.chat import open_lane, read_answer
from sealink.wire.framing.sse import DONE, data_frame
from wire.aws_messages import event

NO_TOKENS = data_frame(
    b'{"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}}',
)
MESSAGE: dict[str, Any] = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": []}
RESPONSE: dict[str, Any] = {"id": "1", "model": "m", "created_at": 1, "output": []}

EMPTY_STREAMS = {
    "openai": ROLE + DONE,
    "anthropic": sse({"type": "message_start", "message": MESSAGE}, {"type": "message_stop"}),
    "cohere": sse({"type": "message-start", "id": "1"}, {"type": "message-end", "delta": {}}),
    "gemini": sse({"candidates": [{"content": {"parts": []}, "finishReason": ""}]}),
    "ollama": b'{"model":"m","message":{"role":"assistant","content":""},"done":true}\n',
}
EMPTY_WHOLES: dict[str, dict[str, Any]] = {
    "openai": {"id": "1", "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}}]},
    "openai-none": {"id": "1", "model": "m", "choices": []},
    "anthropic": MESSAGE,
    "cohere": {"id": "1", "message": {"role": "assistant", "content": []}},
    "gemini": {"candidates": [{}]},
    "ollama": {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True},
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("upstream", EMPTY_STREAMS)
def test_a_stream_with_nothing_in_it(upstream: str, client: str) -> None:
    lane = open_lane(asked(client, stream=True), target(upstream))
    lane.feed(EMPTY_STREAMS[upstream])
    lane.close(None)
    assert lane.outcome.error is not None
    assert lane.outcome.error.code == "upstream_empty"
    assert lane.outcome.error.status == 502


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", EMPTY_WHOLES)
def test_a_whole_answer_with_nothing_in_it(case: str, client: str) -> None:
    upstream, body = case.partition("-")[0], json.dumps(EMPTY_WHOLES[case]).encode()
    with pytest.raises(UpstreamError) as raised:
        read_answer(body, asked(client, stream=False), target(upstream))
    assert raised.value.code == "upstream_empty"
    lane = open_lane(asked(client, stream=True), target(upstream))
    lane.feed(body)
    lane.close(None)
    assert lane.outcome.error is not None, "and if a stream was asked for"
    assert lane.outcome.error.status == 502


@pytest.mark.parametrize("end", [DONE, NO_TOKENS + DONE])
@on_fake_clock
async def test_the_next_target_is_tried(end: bytes) -> None:
    run = Run(FakeUpstream(ROLE, end), FakeUpstream(ROLE, TEXT, STOP, DONE))
    assert await run.to_the_end() is None
    assert [attempt.code for attempt in run.settlement.attempts] == ["upstream_empty", None]
    assert run.responder.body.count(b'"Hi"') == 1


@on_fake_clock
async def test_the_next_target_is_tried_for_a_whole_answer() -> None:
    empty = json.dumps(EMPTY_WHOLES["openai"]).encode()
    run = Run(FakeUpstream(empty), FakeUpstream(WHOLE), stream=False)
    assert await run.to_the_end() is None
    assert [attempt.code for attempt in run.settlement.attempts] == ["upstream_empty", None]


@on_fake_clock
async def test_without_another_target_it_is_tried_again_and_then_told() -> None:
    run = Run(FakeUpstream(ROLE, DONE), FakeUpstream(ROLE, DONE), targets=("a",))
    error = await run.to_the_end()
    assert error is not None
    assert (error.status, error.code) == (502, "upstream_empty")
    assert len(run.pool.requests) == 2


@pytest.mark.parametrize(
    "pieces",
    [
        (ROLE, TEXT, DONE),  # content, and no reason
        (ROLE, STOP, DONE),  # a reason, and no content: a model may have nothing to say
        (ROLE, USAGE, DONE),  # tokens that were charged, for what cannot be seen
    ],
)
@on_fake_clock
async def test_what_is_not_empty_stays_an_answer(pieces: tuple[bytes, ...]) -> None:
    run = Run(FakeUpstream(*pieces), targets=("a",))
    assert await run.to_the_end() is None
    assert b'"finish_reason":"stop"' in run.responder.body


def test_a_bedrock_stream_always_has_a_reason() -> None:
    stream = event("messageStart", {"role": "assistant"}) + event("messageStop", {"stopReason": "end_turn"})
    lane = open_lane(asked("chat", stream=True), target("bedrock"))
    assert b'"finish_reason":"stop"' in lane.feed(stream) + lane.close(None)
    assert lane.outcome.error is None
