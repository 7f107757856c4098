"""The decoder on small streams after Anthropic's documentation, and on streams that break its rules."""

from pathlib import Path

import msgspec
import pytest

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import (
    BlockEnd,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.usage import Usage
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.framing.sse import event_frame
from sealink.wire.stream.lane import Lane
from wire.anthropic_answer import fold, read_stream

SAMPLES = Path(__file__).parent / "samples" / "anthropic"

START = '{"type":"message_start","message":{"id":"m","model":"c","content":[],"usage":{"input_tokens":1}}}'
TEXT = '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'
STOP = '{"type":"message_stop"}'
HEAD = RequestHead(model="m", stream=True, include_usage=False, task_type=None, fields={})


def sample(name: str) -> list[Event]:
    return read_stream([(SAMPLES / f"{name}.sse").read_bytes()])


def stream(*data: str, event: bytes = b"") -> list[Event]:
    """The events of frames with these data, of which the last has the event name `event`."""
    names = [b"x"] * (len(data) - 1) + [event or b"x"]
    return read_stream(event_frame(name, each.encode()) for name, each in zip(names, data, strict=True))


def test_text() -> None:
    assert sample("text") == [
        StreamStart("msg_sample", "claude-sonnet-4-6"),
        UsageSnapshot(Usage(input_tokens=25, output_tokens=1), final=False),
        BlockStart(0, "text"),
        TextDelta(0, "Hello"),
        TextDelta(0, ", wörld!"),
        BlockEnd(0),
        UsageSnapshot(Usage(input_tokens=25, output_tokens=15)),
        Finish("stop", raw_reason="end_turn"),
        StreamEnd(),
    ]


def test_tool_calls_in_fragments_without_arguments_and_all_at_once() -> None:
    events = sample("tool_use")
    assert [event for event in events if isinstance(event, BlockStart)][1:] == [
        BlockStart(1, "tool_call", id="toolu_1", name="get_weather"),
        BlockStart(2, "tool_call", id="toolu_2", name="get_time"),
        BlockStart(3, "tool_call", id="toolu_3", name="get_news"),
    ]
    assert [event for event in events if isinstance(event, ToolArgsDelta)] == [
        ToolArgsDelta(1, '{"location": "San'),
        ToolArgsDelta(1, ' Francisco"}'),
        ToolArgsDelta(2, "{}"),
        ToolArgsDelta(3, '{"topic":"sea"}'),
    ]
    assert events[-2] == Finish("tool_calls", raw_reason="tool_use")


def test_thinking_with_its_signature_and_all_input_counted() -> None:
    events = sample("thinking")
    assert events[2:9] == [
        BlockStart(0, "reasoning"),
        ReasoningDelta(0, "27 * 453 is"),
        ReasoningDelta(0, " 12231."),
        BlockMeta(0, signature="c2lnbmF0dXJl"),
        BlockEnd(0),
        BlockStart(1, "redacted_reasoning", data="b3BhcXVl"),
        BlockEnd(1),
    ]
    usage = fold(events).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_read_tokens, usage.cached_write_tokens) == (115, 100, 5)
    assert (usage.output_tokens, usage.reasoning_tokens) == (60, 41)
    assert {name: bytes(raw) for name, raw in usage.extras.items()} == {
        "cache_creation": b'{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":0}',
        "service_tier": b'"standard"',
    }


def test_what_only_anthropic_has_is_carried_raw() -> None:
    events = sample("server_tool")
    starts = [event for event in events if isinstance(event, BlockStart)]
    assert [start.kind for start in starts] == ["other", "other", "text", "other"]
    assert msgspec.json.decode(starts[1].raw)["tool_use_id"] == "srvtoolu_1"
    carried = [msgspec.json.decode(event.raw) for event in events if isinstance(event, Unmodelled)]
    assert [data["type"] for data in carried] == ["content_block_delta", "content_block_delta", "weather_report"]
    (citation,) = [event for event in events if isinstance(event, Citation)]
    assert citation.quote == msgspec.json.decode(citation.raw)["cited_text"] == "It is wet."
    answer = fold(events)
    assert (answer.text, answer.finish) == ("The sea is wet.", Finish("stop", raw_reason="pause_turn"))
    assert answer.usage is not None
    assert answer.usage.input_tokens == 2679, "the later count replaces the earlier"


def test_a_refusal_says_why() -> None:
    assert sample("refusal")[-2] == Finish(
        "content_filter", raw_reason="refusal", detail="cyber: This could enable cyber harm."
    )


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("a_reason_to_come", "stop"),
    ],
)
def test_finish_reasons(wire: str, reason: str) -> None:
    *_, finish, _ = stream(START, f'{{"type":"message_delta","delta":{{"stop_reason":"{wire}"}}}}', STOP)
    assert finish == Finish(reason, raw_reason=wire)  # type: ignore[arg-type]


def test_an_error_ends_the_stream_in_its_own_words() -> None:
    events = sample("error")
    assert isinstance(events[-1], StreamError)
    error = events[-1].error
    assert isinstance(error, UpstreamRejected)
    assert (error.message, error.status, error.type, error.code) == (
        "Overloaded",
        529,
        "service_unavailable",
        "overloaded_error",
    )
    assert error.dialect == "anthropic"
    assert b"req_1" in error.body


@pytest.mark.parametrize(
    ("data", "words", "status"),
    [
        ('{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}', "Slow down", 429),
        ('{"error":{"message":"No type"}}', "No type", 502),
        ('{"error":"Just words"}', "Just words", 502),
        ("not even JSON", "not even JSON", 502),
    ],
)
def test_error_events_of_any_shape(data: str, words: str, status: int) -> None:
    *_, last = stream(START, data, event=b"error")
    assert isinstance(last, StreamError)
    assert (str(last.error), last.error.status) == (words, status)


def test_an_error_is_known_without_its_event_name() -> None:
    assert isinstance(stream(START, '{"error":{"message":"x"}}')[-1], StreamError)


def test_nothing_follows_an_error() -> None:
    events = stream(START, '{"type":"error","error":{"type":"api_error","message":"x"}}', TEXT, STOP)
    assert isinstance(events[-1], StreamError)


def test_usage_may_be_told_often_and_the_end_once() -> None:
    delta = '{"type":"message_delta","delta":{"stop_reason":%s},"usage":{"output_tokens":%d,"input_tokens":null}}'
    events = stream(START, delta % ("null", 1), delta % ('"max_tokens"', 2), delta % ("null", 3), STOP)
    assert [event.usage for event in events if isinstance(event, UsageSnapshot)][1:] == [
        Usage(input_tokens=1, output_tokens=count) for count in (1, 2, 3)
    ]
    assert [event for event in events if isinstance(event, Finish)] == [Finish("length", raw_reason="max_tokens")]


def test_the_type_may_stand_in_the_event_line_alone() -> None:
    """As Anthropic's SDK allows."""
    assert stream(START, TEXT, '{"index":0,"delta":{"type":"text_delta","text":"x"}}', event=b"content_block_delta")[
        -1
    ] == TextDelta(0, "x")
    assert stream(START, "{}", event=b"message_stop")[-1] == StreamEnd()


def test_a_block_left_open_is_closed_at_the_end() -> None:
    assert stream(START, TEXT, STOP)[-3:] == [BlockEnd(0), Finish("stop"), StreamEnd()]


def test_an_end_without_a_reason_after_a_tool_call() -> None:
    call = '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}'
    assert stream(START, call, STOP)[-2] == Finish("tool_calls")


def test_text_given_with_the_start_of_a_block() -> None:
    given = '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi","citations":[{"n":1}]}}'
    assert stream(START, given)[-3:] == [
        BlockStart(0, "text"),
        TextDelta(0, "Hi"),
        Citation(0, raw=b'{"n":1}', dialect="anthropic"),
    ]


def test_blocks_are_numbered_as_they_open_whatever_their_index() -> None:
    reopened = ['{"type":"content_block_stop","index":0}', TEXT]
    starts = [event.block for event in stream(START, TEXT, *reopened) if isinstance(event, BlockStart)]
    assert starts == [0, 1]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[DONE]",
        '{"type":"ping"}',
        '{"type": "ping" , "more": [1]}',
        '{"type":"content_block_stop","index":7}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}',
        START,
    ],
)
def test_what_says_nothing(data: str) -> None:
    assert stream(START, TEXT, data) == stream(START, TEXT)


@pytest.mark.parametrize(
    "data",
    [
        '{"type":"content_block_delta","index":0,"delta":{"type":"new_delta","x":1}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"?"}}',
        '{"type":"new_event"}',
        '{"no":"type"}',
    ],
)
def test_what_is_new_is_carried(data: str) -> None:
    assert stream(START, TEXT, data)[-1] == Unmodelled(data.encode())


@pytest.mark.parametrize(
    "data",
    [
        "{",
        "[]",
        "null",
        "nonsense",
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":5}}',
        '{"type":"content_block_delta","index":0,"delta":"x"}',
        '{"type":"content_block_delta","index":0}',
        '{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"x"}}',
        '{"type":"content_block_start","index":1}',
        '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":{}}}',
        '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t"}}',
        '{"type":"message_stop"',
        '{"type":"ping","deep":' + "[" * 50_000 + "}",
    ],
)
def test_what_makes_no_sense_is_an_upstream_error(data: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        stream(START, TEXT, data)
    assert caught.value.code == "upstream_malformed"


def test_an_end_alone_is_no_message() -> None:
    with pytest.raises(UpstreamError):
        stream(STOP)


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":"\xff"}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"?","x":"\xff"}}',
        b'{"type":"content_block_start","index":1,"content_block":{"type":"new","x":"\xff"}}',
        b'{"type":"message_delta","delta":{},"usage":{"x":"\xff"}}',
        b'{"type":"new","x":"\xff"}',
    ],
)
def test_bytes_that_are_not_utf8(data: bytes) -> None:
    with pytest.raises(UpstreamError):
        read_stream(event_frame(b"x", each) for each in (START.encode(), TEXT.encode(), data))


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hi", "citations": [{"cited_text": "x"}]},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1, 2]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 4},
}


def test_a_whole_message_is_the_same_events() -> None:
    assert UPSTREAM.decode_whole(msgspec.json.encode(MESSAGE)) == [
        StreamStart("msg_1", "claude-sonnet-4-6"),
        UsageSnapshot(Usage(input_tokens=3, output_tokens=4)),
        BlockStart(0, "reasoning"),
        ReasoningDelta(0, "Hm."),
        BlockMeta(0, signature="c2ln"),
        BlockEnd(0),
        BlockStart(1, "text"),
        TextDelta(1, "Hi"),
        Citation(1, quote="x", raw=b'{"cited_text":"x"}', dialect="anthropic"),
        BlockEnd(1),
        BlockStart(2, "other", raw=b'{"type":"web_search_tool_result","tool_use_id":"s","content":[]}'),
        BlockEnd(2),
        BlockStart(3, "tool_call", id="t", name="f"),
        ToolArgsDelta(3, '{"a":[1,2]}'),
        BlockEnd(3),
        Finish("tool_calls", raw_reason="tool_use"),
        StreamEnd(),
    ]


def test_a_whole_message_for_a_client_of_the_same_dialect() -> None:
    body = msgspec.json.encode(MESSAGE)
    passed, outcome = UPSTREAM.passthrough_whole(body)
    assert passed == body
    assert (outcome.usage, outcome.finish_reasons) == (Usage(input_tokens=3, output_tokens=4), {0: "tool_use"})
    assert (outcome.complete, outcome.provenance) == (True, "provider")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"content":"x"}', b'{"content":[{"type":5}]}'])
def test_a_whole_answer_that_is_no_message(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        UPSTREAM.decode_whole(body)
    assert caught.value.code == "upstream_malformed"


def test_an_error_under_a_200() -> None:
    with pytest.raises(UpstreamRejected) as caught:
        UPSTREAM.decode_whole(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    assert (caught.value.status, caught.value.message) == (529, "Overloaded")


def test_a_passed_through_stream_that_breaks_off_ends_in_one_error_of_the_dialect() -> None:
    whole = (SAMPLES / "text.sse").read_bytes()
    lane = Lane(UPSTREAM.framer(), UPSTREAM.passthrough(HEAD))
    out = lane.feed(whole[:-40]) + lane.close(None)
    assert out.count(b"event: error") == 1
    assert out.endswith(
        b'event: error\ndata: {"type":"error","error":{"type":"api_error",'
        b'"message":"The upstream ended the stream before the answer was complete."}}\n\n'
    )


def test_a_passed_through_error_is_the_upstreams_own() -> None:
    whole = (SAMPLES / "error.sse").read_bytes()
    lane = Lane(UPSTREAM.framer(), UPSTREAM.passthrough(HEAD))
    assert lane.feed(whole) + lane.close(None) == whole


def test_a_server_tools_input_is_counted_where_it_is_passed_through() -> None:
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": {"id": "m", "model": "x", "content": []}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "server_tool_use", "id": "s", "name": "f"},
        },
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in ("", '{"query":', '"tides"}')
        ),
    ]
    lane = Lane(UPSTREAM.framer(), UPSTREAM.passthrough(HEAD))
    for event in events:
        lane.feed(event_frame(str(event["type"]).encode(), msgspec.json.encode(event)))
    assert lane.outcome.text.tokens(len) == len('{"query":"tides"}')
