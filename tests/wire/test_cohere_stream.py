"""Cohere's streams and whole answers, by its document: samples of our own."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import Citation, Logprobs, StreamEnd, StreamError, Unmodelled
from sealink.wire.dialects.cohere_chat import UPSTREAM
from sealink.wire.framing.sse import DONE, data_frame
from sealink.wire.stream.fold import fold
from wire.upstream_line import read_stream, told_stream, told_whole

SAMPLES = Path(__file__).parent / "samples" / "cohere"
PLAN = (SAMPLES / "plan_and_tools.sse").read_bytes()
CITATIONS = (SAMPLES / "thinking_and_citations.sse").read_bytes()
START = {"type": "message-start", "id": "1", "delta": {"message": {}}}


def stream(*events: Any) -> bytes:
    return b"".join(data_frame(json.dumps(event).encode()) for event in events)


def test_a_plan_is_thinking_that_can_be_sent_back() -> None:
    sent = told_stream(UPSTREAM, [PLAN])
    assert sent.reasoning == "I will look up the weather."
    assert sent.thinking_blocks == [
        {"index": 0, "type": "thinking", "thinking": sent.reasoning, "signature": "cohere:tool_plan"}
    ]
    assert list(sent.calls.values()) == [
        {"id": "get_weather_1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"id": "get_time_2", "name": "get_time", "arguments": "{}"},
    ]
    assert sent.finish_reason == "tool_calls"
    assert not sent.complaints


def test_what_is_read_is_told_and_what_is_billed_is_kept() -> None:
    usage = fold(read_stream(UPSTREAM, [PLAN])).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cached_read_tokens) == (900, 30, 800)
    assert usage.billed == (20, 10)


def test_usage_that_is_billed_only() -> None:
    usage_told = {"billed_units": {"input_tokens": 5.0}}
    end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage_told}}
    usage = fold(read_stream(UPSTREAM, [stream(START, end)])).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.billed) == (5, 0, (5, 0))


def test_thinking_citations_and_log_probabilities() -> None:
    events = read_stream(UPSTREAM, [CITATIONS])
    sent = told_stream(UPSTREAM, [CITATIONS])
    assert (sent.reasoning, sent.text) == ("Emperor penguins.", "The 🐧 tallest are Emperor penguins.")
    (citation,) = [event for event in events if isinstance(event, Citation)]
    assert sent.text[citation.start : citation.end] == "Emperor penguins"
    assert (citation.url, citation.title) == ("https://example.com/tall", "Tall penguins")
    assert citation.quote == "Emperor penguins are the tallest."
    place = {"url": citation.url, "title": citation.title, "start_index": 18, "end_index": 34}
    assert sent.annotations == [{"index": 0, "type": "url_citation", "url_citation": place}]
    (scores,) = [event for event in events if isinstance(event, Logprobs)]
    (token,) = json.loads(scores.tokens)
    assert (token["token"], bytes(token["bytes"]).decode()) == ("The 🐧 tallest ", "The 🐧 tallest ")
    assert math.isclose(token["logprob"], -0.75)


def test_a_call_without_an_id_gets_one() -> None:
    call = {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": {"function": {"name": "f"}}}}}
    end = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}
    sent = told_stream(UPSTREAM, [stream({"type": "message-start", "id": "1"}, call, end)])
    assert sent.calls[0]["id"]
    assert sent.complaints == []


def test_citations_may_come_after_the_end_of_their_text() -> None:
    """As in the mode `ACCURATE`, in which they are found once the text is whole."""
    before, _, rest = CITATIONS.partition(b"event: citation-start")
    cited, _, after = rest.partition(b"event: content-end")
    end, _, last = after.partition(b"\n\n")
    moved = before + b"event: content-end" + end + b"\n\nevent: citation-start" + cited + last
    assert told_stream(UPSTREAM, [moved]) == told_stream(UPSTREAM, [CITATIONS])


@pytest.mark.parametrize(
    ("reason", "status", "words"), [("ERROR", 502, "no luck"), ("TIMEOUT", 504, "The model's answer failed: TIMEOUT.")]
)
def test_an_answer_that_failed_is_no_answer(reason: str, status: int, words: str) -> None:
    end = {"finish_reason": reason} | ({"error": words} if reason == "ERROR" else {})
    sent = told_stream(UPSTREAM, [stream(START, {"type": "message-end", "delta": end})])
    assert sent.error is not None
    assert sent.error["message"] == words
    with pytest.raises(UpstreamRejected) as caught:
        UPSTREAM.decode_whole(json.dumps({"id": "1", "message": {"content": []}} | end).encode())
    assert (caught.value.status, caught.value.message) == (status, words)


def test_an_error_without_a_type() -> None:
    (failed,) = read_stream(UPSTREAM, [stream({"message": "internal"})])
    assert isinstance(failed, StreamError)
    assert failed.error.message == "internal"


def test_events_to_come_are_carried_and_nothing_follows_the_end() -> None:
    end = {"type": "message-end", "delta": {"finish_reason": "A_NEW_REASON"}}
    body = stream(START, {"type": "debug", "prompt": "…"}, end, {"type": "debug"}) + DONE
    events = read_stream(UPSTREAM, [body])
    assert [type(event) for event in events].count(Unmodelled) == 1
    assert isinstance(events[-1], StreamEnd)


@pytest.mark.parametrize(
    "events",
    [
        ["nonsense"],
        [{"type": "content-end", "index": 0}],
        [START, {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "x"}}}}],
        [START, {"type": "content-delta", "index": 0, "delta": 1}],
        [START, {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": {"id": "a"}}}}],
        [START, {"type": "tool-call-delta", "index": 0, "delta": {"message": {}}}],
        [START, {}],
    ],
)
def test_nonsense_is_an_error_of_the_upstreams(events: list[Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_stream(UPSTREAM, [stream(*events)])
    assert caught.value.code == "upstream_malformed"


def test_a_whole_answer() -> None:
    whole = {
        "id": "1",
        "finish_reason": "TOOL_CALL",
        "message": {
            "tool_plan": "First this.",
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi"}],
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
            "citations": [{"start": 0, "end": 2, "sources": []}, {"start": 0, "end": 2, "sources": [{"id": "d"}]}],
        },
        "logprobs": [{"text": "Hi", "token_ids": [1], "logprobs": [-0.5]}],
        "usage": {"tokens": {"input_tokens": 4, "output_tokens": 2}},
    }
    answer = fold(UPSTREAM.decode_whole(json.dumps(whole).encode()))
    blocks = answer.choices[0].blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("reasoning", "First this."),
        ("reasoning", "Hm."),
        ("text", "Hi"),
        ("tool_call", '{"a":1}'),
    ]
    assert (blocks[0].signature, blocks[1].signature) == ("cohere:tool_plan", "")
    assert [citation.title for citation in blocks[2].citations] == ["", "d"]
    assert json.loads(blocks[2].logprobs[0])[0]["token"] == "Hi"
    assert answer.usage is not None
    assert answer.usage.billed is None
    assert told_whole(UPSTREAM, json.dumps(whole).encode()).finish_reason == "tool_calls"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"message":1}', b"\xff"])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        UPSTREAM.decode_whole(body)
    assert caught.value.code == "upstream_malformed"


def test_a_prompt_that_is_too_long_has_the_code_that_openais_clients_know() -> None:
    error = UPSTREAM.read_error(400, (), b'{"message":"too many tokens: total number of tokens"}')
    assert error.code == "context_length_exceeded"
