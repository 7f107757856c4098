"""Ollama's streams and whole answers, by its document: samples of our own."""

import json
from pathlib import Path

import pytest

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import Logprobs, StreamError
from sealink.wire.dialects.ollama_chat import UPSTREAM
from sealink.wire.stream.fold import fold
from wire.upstream_line import read_stream, told_stream, told_whole

SAMPLES = Path(__file__).parent / "samples" / "ollama"
THINKING_AND_TOOLS = (SAMPLES / "thinking_and_tools.ndjson").read_bytes()
ERROR = (SAMPLES / "error.ndjson").read_bytes()


def test_thinking_text_and_calls() -> None:
    sent = told_stream(UPSTREAM, [THINKING_AND_TOOLS])
    assert (sent.reasoning, sent.text) == ("I need the weather.", "Let me look 🌦")
    assert [(call["name"], call["arguments"]) for call in sent.calls.values()] == [
        ("get_weather", '{"city": "Paris"}'),
        ("get_time", "{}"),
    ]
    assert sent.finish_reason == "tool_calls"
    assert sent.usage is not None
    assert (sent.usage["prompt_tokens"], sent.usage["completion_tokens"], sent.usage["eval_duration"]) == (20, 30, 300)
    assert not sent.complaints


def test_calls_without_ids_get_ones_that_no_other_call_of_the_conversation_has() -> None:
    ids = [call["id"] for call in told_stream(UPSTREAM, [THINKING_AND_TOOLS]).tool_calls]
    assert ids == ["call_20261001100000423456_2", "call_20261001100000423456_3"]
    later = THINKING_AND_TOOLS.replace(b"10:00:00.4", b"10:05:00.4")
    assert not set(ids) & {call["id"] for call in told_stream(UPSTREAM, [later]).tool_calls}


def test_log_probabilities_have_openais_shape_already() -> None:
    (logprobs,) = [event for event in read_stream(UPSTREAM, [THINKING_AND_TOOLS]) if isinstance(event, Logprobs)]
    assert logprobs.block == 1
    assert json.loads(logprobs.tokens)[0]["logprob"] == -0.25


def test_an_error_line_ends_the_stream_with_its_words() -> None:
    sent = told_stream(UPSTREAM, [ERROR])
    assert sent.text == "As I was "
    assert sent.error is not None
    assert sent.error["message"] == "an error was encountered while running the model: CUDA error"
    (failed,) = [event for event in read_stream(UPSTREAM, [ERROR]) if isinstance(event, StreamError)]
    assert isinstance(failed.error, UpstreamRejected)
    assert failed.error.status == 502


def test_a_model_that_was_only_loaded() -> None:
    sent = told_whole(
        UPSTREAM, b'{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"}'
    )
    assert (sent.text, sent.finish_reason, sent.usage) == ("", "stop", None)


@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"[]", b'{"message":1}', b'{"message":{"content":1}}', b"\xff"],
)
def test_nonsense_is_an_error_of_the_upstreams(line: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_stream(UPSTREAM, [line + b"\n"])
    assert caught.value.code == "upstream_malformed"


def test_what_is_no_whole_answer() -> None:
    with pytest.raises(UpstreamError) as caught:
        UPSTREAM.decode_whole(THINKING_AND_TOOLS.splitlines()[0])
    assert caught.value.code == "upstream_malformed"
    with pytest.raises(UpstreamRejected) as rejected:
        UPSTREAM.decode_whole(b'{"error":"no such model"}')
    assert rejected.value.message == "no such model"


def test_a_whole_answer_is_the_fold_of_a_stream() -> None:
    whole = (
        b'{"model":"m","message":{"content":"Hi","thinking":"Hm"},"done":true,"done_reason":"length","eval_count":2}'
    )
    answer = fold(UPSTREAM.decode_whole(whole))
    assert (answer.choices[0].text("text"), answer.choices[0].text("reasoning")) == ("Hi", "Hm")
    assert answer.choices[0].finish is not None
    assert answer.choices[0].finish.reason == "length"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":1}', b'{"error":"busy"}'])
def test_an_error_body_of_any_shape_keeps_its_words(body: bytes) -> None:
    error = UPSTREAM.read_error(503, (), body)
    assert error.message == (
        "busy" if b"busy" in body else body.decode() or "The upstream answered 503 with an empty body."
    )
    assert error.type == "service_unavailable"
