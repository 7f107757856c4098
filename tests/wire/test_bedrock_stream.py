"""The decoder on streams and whole answers written after Bedrock's documentation."""

import json
from typing import Any

import pytest

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import BlockStart, Finish, StreamEnd, StreamError, Unmodelled
from sealink.wire.dialects.bedrock_converse import UPSTREAM
from sealink.wire.framing.aws_event_stream import AwsEventStreamFramer
from sealink.wire.stream.fold import fold
from wire.aws_messages import event, exception, message, sample
from wire.upstream_line import read_stream, told_stream, told_whole

START = event("messageStart", {"role": "assistant"})


def test_thinking_text_and_calls() -> None:
    told = told_stream(UPSTREAM, [sample("thinking_and_tools")])
    assert (told.reasoning, told.text) == ("I need the weather.", "Let me look 🌦 — one moment.")
    assert told.thinking_blocks == [
        {"index": 0, "type": "thinking", "thinking": "I need the weather.", "signature": "EpUJCkgIDBABGAIqQO8y"}
    ]
    assert list(told.calls.values()) == [
        {"id": "tooluse_1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"id": "tooluse_2", "name": "get_time", "arguments": "{}"},
    ]
    assert told.finish_reason == "tool_calls"
    assert not told.complaints


def test_cached_input_is_a_part_of_all_input() -> None:
    usage = fold(read_stream(UPSTREAM, [sample("thinking_and_tools")])).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (920, 30)
    assert (usage.cached_read_tokens, usage.cached_write_tokens) == (800, 100)
    assert {name: json.loads(bytes(raw)) for name, raw in usage.extras.items()} == {
        "cacheDetails": [{"ttl": "5m", "inputTokens": 100}]
    }


def test_a_stop_sequence_is_told() -> None:
    finish = next(event for event in read_stream(UPSTREAM, [sample("stop_sequence")]) if isinstance(event, Finish))
    assert finish == Finish("stop", raw_reason="stop_sequence", detail="three")


def test_a_picture_comes_whole() -> None:
    opened = [event for event in read_stream(UPSTREAM, [sample("picture")]) if isinstance(event, BlockStart)]
    assert opened == [BlockStart(0, "media", name="image/jpeg", data="/9j/4AAQ")]


def test_an_exception_ends_the_stream_with_its_own_words_and_status() -> None:
    told = told_stream(UPSTREAM, [sample("throttled")])
    assert told.text == "As I was "
    assert told.error is not None
    assert told.error["message"] == "Too many requests, please wait before trying again."
    (failed,) = [each for each in read_stream(UPSTREAM, [sample("throttled")]) if isinstance(each, StreamError)]
    assert isinstance(failed.error, UpstreamRejected)
    assert (failed.error.status, failed.error.type, failed.error.code) == (
        429,
        "rate_limit_exceeded",
        "throttlingException",
    )


@pytest.mark.parametrize(
    ("name", "payload", "status", "words"),
    [
        ("internalServerException", {"message": "Boom"}, 500, "Boom"),
        ("serviceUnavailableException", {"Message": "Down"}, 503, "Down"),
        ("validationException", {"message": "Input is too long for requested model."}, 400, "Input is too long"),
        ("modelStreamErrorException", {"message": "m", "originalMessage": "o", "originalStatusCode": 500}, 500, "m o"),
        ("modelStreamErrorException", {"message": "m", "originalStatusCode": 7}, 502, "m"),
        ("modelStreamErrorException", {"message": "m"}, 502, "m"),
        ("somethingNewException", {}, 502, "{}"),
    ],
)
def test_exceptions(name: str, payload: Any, status: int, words: str) -> None:
    (error,) = [
        each.error for each in read_stream(UPSTREAM, [exception(name, payload)]) if isinstance(each, StreamError)
    ]
    assert isinstance(error, UpstreamRejected)
    assert error.status == status
    assert error.message.startswith(words)


def test_a_prompt_that_is_too_long_has_the_code_that_openais_clients_know() -> None:
    body = b'{"message":"Input is too long for requested model."}'
    assert UPSTREAM.read_error(400, (), body).code == "context_length_exceeded"


def test_an_error_message_has_its_words_in_a_header() -> None:
    headers = {":message-type": "error", ":error-code": "InternalError", ":error-message": "An internal error occurred"}
    (error,) = [each.error for each in read_stream(UPSTREAM, [message(headers, b"")]) if isinstance(each, StreamError)]
    assert (error.message, error.code) == ("An internal error occurred", "InternalError")


def test_output_that_could_not_be_used_is_a_failure() -> None:
    stop = event("messageStop", {"stopReason": "malformed_tool_use"})
    told = told_stream(UPSTREAM, [START + stop])
    assert told.error is not None
    assert told.error["code"] == "malformed_tool_use"


def test_a_start_that_says_nothing_opens_nothing() -> None:
    """Text opens with its first delta: some servers that speak Converse announce it all the same."""
    starts = [event("contentBlockStart", {"contentBlockIndex": 0, "start": start}) for start in ({}, {"text": ""})]
    said = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}})
    for start in starts:
        assert told_stream(UPSTREAM, [START + start + said]).text == "Hi"


def test_an_answer_need_not_say_that_it_starts() -> None:
    said = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}})
    told = told_stream(UPSTREAM, [said + event("messageStop", {"stopReason": "end_turn"})])
    assert (told.text, told.finish_reason, told.complaints) == ("Hi", "stop", [])


def test_a_call_without_an_id_gets_one_and_counts_without_a_number_are_0() -> None:
    start = event("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"name": "f"}}})
    end = event("messageStop", {"stopReason": "tool_use"}) + event("metadata", {"usage": {"inputTokens": None}})
    told = told_stream(UPSTREAM, [START + start + end])
    assert told.calls[0]["id"]
    assert told.complaints == []
    assert told.usage is not None
    assert told.usage["prompt_tokens"] == 0


def test_an_answer_that_stopped_is_whole_without_its_usage() -> None:
    events = read_stream(UPSTREAM, [START, event("messageStop", {"stopReason": "end_turn"})])
    assert events[-2:] == [Finish("stop", raw_reason="end_turn"), StreamEnd()]


def test_events_to_come_are_carried() -> None:
    new = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"video": {"bytes": "AA=="}}})
    end = event("messageStop", {"stopReason": "a_new_reason"})
    events = read_stream(UPSTREAM, [START + event("brandNew", {"a": 1}) + new + end])
    assert sum(isinstance(each, Unmodelled) for each in events) == 1
    assert isinstance(events[-1], StreamEnd)


@pytest.mark.parametrize(
    "stream",
    [
        event("contentBlockDelta", {"delta": {"text": "x"}}),
        START + event("contentBlockDelta", {"delta": {"text": "x"}}),
        START + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": 1}}),
        START + event("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a"}}}),
        START + message({":event-type": "messageStop", ":message-type": "event"}, b"nonsense"),
    ],
)
def test_nonsense_is_an_error_of_the_upstreams(stream: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_stream(UPSTREAM, [stream])
    assert caught.value.code == "upstream_malformed"


WHOLE = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EpUJ"}}},
                {"reasoningContent": {"redactedContent": "RXRrRQ=="}},
                {"citationsContent": {"content": [{"text": "20 days"}], "citations": [{"title": "policy"}]}},
                {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
                {"toolUse": {"toolUseId": "t2", "name": "nova_grounding", "type": "server_tool_use", "input": {}}},
                {"image": {"format": "png", "source": {"bytes": "iVBO"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
}


def test_a_whole_answer() -> None:
    (choice,) = fold(UPSTREAM.decode_whole(json.dumps(WHOLE).encode())).choices.values()
    kinds = [(block.kind, block.text or block.data, block.signature) for block in choice.blocks]
    assert kinds == [
        ("reasoning", "Hm.", "EpUJ"),
        ("redacted_reasoning", "EtkE", ""),
        ("text", "20 days", ""),
        ("tool_call", '{"a": 1}', ""),
        ("other", "", ""),
        ("media", "iVBO", ""),
    ]
    assert [citation.title for citation in choice.blocks[2].citations] == ["policy"]
    told = told_whole(UPSTREAM, json.dumps(WHOLE).encode())
    assert (told.finish_reason, [call["id"] for call in told.tool_calls]) == ("tool_calls", ["t1"])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"output":{},"stopReason":"end_turn"}', b"\xff"])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        UPSTREAM.decode_whole(body)
    assert caught.value.code == "upstream_malformed"


def test_a_whole_answer_that_failed() -> None:
    with pytest.raises(UpstreamRejected):
        UPSTREAM.decode_whole(json.dumps(WHOLE | {"stopReason": "malformed_model_output"}).encode())


def test_frames_are_messages_of_the_event_stream() -> None:
    assert isinstance(UPSTREAM.framer(), AwsEventStreamFramer)
