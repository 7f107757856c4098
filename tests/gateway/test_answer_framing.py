"""An answer is read as what it is, a stream or whole, whatever was asked for: every upstream, every client."""

import json
from typing import Any

import pytest

from sealink.errors import SealinkError
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.operations.chat import open_lane, read_answer
from sealink.policy.routing import Target
from sealink.providers.provider import Provider
from sealink.wire.dialect import ClientDialect, UpstreamDialect
from sealink.wire.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    gemini_generate,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from wire.aws_messages import event

UPSTREAMS: dict[str, UpstreamDialect] = {
    "openai": openai_chat.UPSTREAM,
    "anthropic": anthropic_messages.UPSTREAM,
    "responses": openai_responses.UPSTREAM,
    "gemini": gemini_generate.UPSTREAM,
    "bedrock": bedrock_converse.UPSTREAM,
    "cohere": cohere_chat.UPSTREAM,
    "ollama": ollama_chat.UPSTREAM,
}
CLIENTS: dict[str, ClientDialect] = {
    "chat": openai_chat.CLIENT,
    "messages": anthropic_messages.CLIENT,
    "responses": openai_responses.CLIENT,
}
REQUESTS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9},
    "responses": {"input": "Hi"},
}
ITEM = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [ITEM],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}
WHOLE: dict[str, dict[str, Any]] = {
    "openai": {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    },
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    },
    "responses": RESPONSE,
    "gemini": {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    },
    "bedrock": {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
    },
    "cohere": {
        "id": "1",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
        "finish_reason": "COMPLETE",
        "usage": {"tokens": {"input_tokens": 3, "output_tokens": 2}},
    },
    "ollama": {
        "model": "m",
        "created_at": "2025-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "Hello"},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 3,
        "eval_count": 2,
    },
}


def sse(*payloads: dict[str, Any], named: bool = True) -> bytes:
    lines = []
    for payload in payloads:
        if named and "type" in payload:
            lines.append(f"event: {payload['type']}\n".encode())
        lines.append(b"data: %b\n\n" % json.dumps(payload).encode())
    return b"".join(lines)


def _chunk(**choice: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, **choice}],
    }


CHUNKS: list[dict[str, Any]] = [
    _chunk(delta={"role": "assistant", "content": "Hel"}, finish_reason=None),
    _chunk(delta={"content": "lo"}, finish_reason=None),
    _chunk(delta={}, finish_reason="stop") | {"usage": WHOLE["openai"]["usage"]},
]
GEMINI: list[dict[str, Any]] = [
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}]},
    {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "lo"}]}, "finishReason": "STOP"}],
        "usageMetadata": WHOLE["gemini"]["usageMetadata"],
    },
]
OLLAMA: list[dict[str, Any]] = [
    {"model": "m", "message": {"role": "assistant", "content": "Hel"}, "done": False},
    WHOLE["ollama"] | {"message": {"role": "assistant", "content": "lo"}},
]
STREAM: dict[str, bytes] = {
    "openai": sse(*CHUNKS) + b"data: [DONE]\n\n",
    "anthropic": sse(
        {"type": "message_start", "message": WHOLE["anthropic"] | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 2},
        },
        {"type": "message_stop"},
    ),
    "responses": sse(
        {
            "type": "response.created",
            "response": RESPONSE | {"output": [], "status": "in_progress"},
            "sequence_number": 0,
        },
        {"type": "response.output_item.done", "output_index": 0, "item": ITEM, "sequence_number": 1},
        {"type": "response.completed", "response": RESPONSE, "sequence_number": 2},
    ),
    "gemini": sse(*GEMINI),
    "bedrock": event("messageStart", {"role": "assistant"})
    + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}})
    + event("contentBlockStop", {"contentBlockIndex": 0})
    + event("messageStop", {"stopReason": "end_turn"})
    + event("metadata", {"usage": WHOLE["bedrock"]["usage"]}),
    "cohere": sse(
        {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
        {
            "type": "content-start",
            "index": 0,
            "delta": {"message": {"content": {"type": "text", "text": "Hello"}}},
        },
        {"type": "content-end", "index": 0},
        {
            "type": "message-end",
            "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 3, "output_tokens": 2}}},
        },
    ),
    "ollama": b"".join(json.dumps(line).encode() + b"\n" for line in OLLAMA),
}
UNFRAMED = {
    "gemini-array": ("gemini", json.dumps(GEMINI).encode()),
    "openai-lines": ("openai", b"\n".join(json.dumps(chunk).encode() for chunk in CHUNKS)),
    "ollama-events": ("ollama", sse(*OLLAMA) + b"data: [DONE]\n\n"),
    "one-event-anthropic": ("anthropic", sse(WHOLE["anthropic"], named=False)),
    "one-event-cohere": ("cohere", sse(WHOLE["cohere"]) + b"data: [DONE]\n\n"),
    "one-event-responses": ("responses", sse(RESPONSE)),
}
TAILS = (
    b"",
    b"\n",
    b"\r\n\r\n \n",
    b"\ndata: [DONE]\n\n",
    b"\n\ndata: [DONE]\n\n",
    b"\x00\x00",
    b"\n[DONE]",
    b"<!-- -->",
)


def asked(client: str, *, stream: bool) -> ClientRequest:
    body = json.dumps({"model": "m", "stream": stream, **REQUESTS[client]}).encode()
    return ClientRequest("req_1", CLIENTS[client], CLIENTS[client].parse_head(body, {}), 0.0)


def target(upstream: str) -> Target:
    return Target(Provider(name="p", dialect=UPSTREAMS[upstream], base_url="http://p"), "m")


def whole_answer(upstream: str, client: str, body: bytes) -> dict[str, Any]:
    answer, outcome = read_answer(body, asked(client, stream=False), target(upstream))
    assert outcome.complete
    assert outcome.usage is not None
    read: dict[str, Any] = json.loads(answer)
    return read


def text_of(client: str, answer: dict[str, Any]) -> str:
    match client:
        case "chat":
            return str(answer["choices"][0]["message"]["content"])
        case "messages":
            return str(answer["content"][0]["text"])
    return str(answer["output"][0]["content"][0]["text"])


def streamed(upstream: str, client: str, *pieces: bytes) -> bytes:
    """What the client gets for a body that came in these pieces."""
    lane = open_lane(asked(client, stream=True), target(upstream))
    out = b"".join(lane.feed(piece) for piece in pieces) + lane.close(None)
    assert lane.outcome.error is None, lane.outcome.error
    assert lane.outcome.complete
    assert lane.outcome.usage is not None
    return out


def streamed_text(client: str, out: bytes) -> str:
    """The text of a client's stream, all of whose frames must be its dialect's."""
    payloads = [line[6:] for line in out.decode().splitlines() if line.startswith("data: ")]
    texts, last = [], payloads[-1]
    for payload in map(json.loads, (payload for payload in payloads if payload != "[DONE]")):
        match client:
            case "chat":
                texts += [choice["delta"].get("content") or "" for choice in payload["choices"]]
            case "messages" if payload["type"] == "content_block_delta":
                texts.append(payload["delta"]["text"])
            case "responses" if payload["type"] == "response.output_text.delta":
                texts.append(payload["delta"])
    assert last == "[DONE]" or json.loads(last)["type"] in ("message_stop", "response.completed")
    return "".join(texts)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("upstream", UPSTREAMS)
class TestEveryPair:
    def test_a_stream_for_a_whole_request_is_folded(self, upstream: str, client: str) -> None:
        expected = text_of(client, whole_answer(upstream, client, json.dumps(WHOLE[upstream]).encode()))
        assert text_of(client, whole_answer(upstream, client, STREAM[upstream])) == expected == "Hello"

    def test_a_whole_answer_to_a_stream_becomes_one(self, upstream: str, client: str) -> None:
        for body in (json.dumps(WHOLE[upstream]).encode(), json.dumps(WHOLE[upstream], indent=2).encode()):
            for piece in (len(body), 1, 7):
                pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
                assert streamed_text(client, streamed(upstream, client, *pieces)) == "Hello"

    def test_what_hangs_behind_a_good_answer_does_not_spoil_it(self, upstream: str, client: str) -> None:
        body = json.dumps(WHOLE[upstream]).encode()
        for tail in TAILS:
            assert text_of(client, whole_answer(upstream, client, body + tail)) == "Hello", tail
            assert streamed_text(client, streamed(upstream, client, body + tail)) == "Hello", tail
            assert streamed_text(client, streamed(upstream, client, body, tail)) == "Hello", tail

    def test_white_space_before_it_does_not_either(self, upstream: str, client: str) -> None:
        body = json.dumps(WHOLE[upstream]).encode()
        for head in (b"\n", b"  \r\n\r\n", b"\xef\xbb\xbf"):
            if upstream == "ollama" and head[0] > 127:
                continue
            assert text_of(client, whole_answer(upstream, client, head + body)) == "Hello"
            assert streamed_text(client, streamed(upstream, client, head, body)) == "Hello"

    def test_a_stream_that_is_cut_is_not_whole(self, upstream: str, client: str) -> None:
        stream = STREAM[upstream]
        cut = stream[: stream.index(b"Hel") + 12] if upstream != "bedrock" else stream[:-180]
        with pytest.raises(SealinkError):
            whole_answer(upstream, client, cut)

    def test_a_page_is_not_an_answer(self, upstream: str, client: str) -> None:
        with pytest.raises(SealinkError):
            whole_answer(upstream, client, b"<html>Bad gateway</html>")
        lane = open_lane(asked(client, stream=True), target(upstream))
        lane.feed(b"<html>Bad gateway</html>")
        lane.close(None)
        assert lane.outcome.error is not None


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", UNFRAMED)
def test_a_stream_in_a_framing_of_another_kind(case: str, client: str) -> None:
    upstream, body = UNFRAMED[case]
    assert text_of(client, whole_answer(upstream, client, body)) == "Hello"
    if not case.startswith("one-event"):
        assert streamed_text(client, streamed(upstream, client, body)) == "Hello"


def test_a_passed_on_request_that_the_neutral_form_does_not_have() -> None:
    """Its answer is written all the same, in the other framing."""
    body = {"model": "m", "input": [{"type": "from_next_year"}], "stream": True}
    client = openai_responses.CLIENT
    request = ClientRequest("req_1", client, client.parse_head(json.dumps(body).encode(), {}), 0.0)
    lane = open_lane(request, target("responses"))
    out = lane.feed(json.dumps(RESPONSE).encode()) + lane.close(None)
    assert streamed_text("responses", out) == "Hello"


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_an_ordinary_stream_costs_one_look(upstream: str) -> None:
    """From the first read on the lane has the dialect's own framer."""
    lane = open_lane(asked("chat", stream=True), target(upstream))
    lane.feed(STREAM[upstream][:40])
    assert type(lane._framer) is type(UPSTREAMS[upstream].framer())
