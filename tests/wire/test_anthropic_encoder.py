"""Events → what Anthropic's clients get: a stream, or a whole message."""

import json
from typing import Any

import pytest
from msgspec import Raw

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import (
    BlockEnd,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialects.anthropic_messages import CLIENT
from sealink.wire.dialects.anthropic_messages.client.encode_stream import MAX_WAITING_CHARS
from wire.anthropic_grammar import complaints
from wire.anthropic_line import IDENTITY, QUESTION, encoded, events_in, final_message

START, END = StreamStart("chatcmpl-1", "gpt-9", 3), StreamEnd()
USAGE = Usage(10, 7, cached_read_tokens=4, cached_write_tokens=2, reasoning_tokens=3, extras={"speed": Raw(b'"fast"')})
TEXT = (BlockStart(0, "text"), TextDelta(0, "Hel"), TextDelta(0, 'lo "wörld"\n😀'), BlockEnd(0))
TOLD_USAGE = {
    "speed": "fast",
    "input_tokens": 4,
    "cache_creation_input_tokens": 2,
    "cache_read_input_tokens": 4,
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 3},
}


def stream(*events: Event, **fields: Any) -> bytes:
    """The stream of these events, which must be clean."""
    out = encoded(START, *events, END, **fields)
    assert complaints(out) == []
    return out


def whole(*events: Event, **fields: Any) -> dict[str, Any]:
    request = CLIENT.parse_request(
        CLIENT.parse_head(json.dumps({"model": "m", "messages": QUESTION, **fields}).encode(), {})
    )
    answer: dict[str, Any] = json.loads(CLIENT.whole(request, [START, *events, END], IDENTITY))
    return answer


def content(*events: Event) -> list[Any]:
    """The blocks, which the stock SDK must find the same in the stream and in the whole message."""
    told: list[Any] = whole(*events)["content"]
    kept = [{name: value for name, value in block.items() if value is not None} for block in sdk(*events)["content"]]
    assert kept == told
    return told


def sdk(*events: Event) -> dict[str, Any]:
    return final_message(stream(*events))


def types(out: bytes) -> list[str]:
    return [frame["type"] for frame in events_in(out)]


def call(number: int, id: str = "t") -> BlockStart:
    return BlockStart(number, "tool_call", id=f"{id}{number}", name="f")


def test_text() -> None:
    out = events_in(stream(*TEXT, UsageSnapshot(USAGE), Finish("stop", "stop")))
    start, opening, first, second, stop, delta, end = out
    message = start["message"]
    assert (message["id"], message["model"], message["usage"]["output_tokens"]) == ("chatcmpl-1", "gpt-9", 0)
    assert opening == {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    assert first == {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}}
    assert second["delta"]["text"] == 'lo "wörld"\n😀'
    assert stop == {"type": "content_block_stop", "index": 0}
    assert delta["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert delta["usage"] == TOLD_USAGE
    assert end == {"type": "message_stop"}
    assert content(*TEXT) == [{"type": "text", "text": 'Hello "wörld"\n😀'}]


def test_frames_are_anthropics_to_the_byte() -> None:
    encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
    for event in (START, BlockStart(0, "text")):
        encoder.encode(event)
    assert (
        encoder.encode(TextDelta(0, "é"))
        == (
            'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            '"delta":{"type":"text_delta","text":"é"}}\n\n'
        ).encode()
    )


def test_every_delta_goes_out_at_once() -> None:
    encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
    assert [types(encoder.encode(event)) for event in (START, UsageSnapshot(USAGE), *TEXT, Finish("stop"))] == [
        [],
        [],
        ["message_start", "content_block_start"],
        ["content_block_delta"],
        ["content_block_delta"],
        ["content_block_stop"],
        [],
    ]


def test_a_usage_that_comes_first_stands_in_the_message() -> None:
    start, *_, delta, _ = events_in(stream(UsageSnapshot(Usage(10, 1), final=False), *TEXT, UsageSnapshot(USAGE)))
    assert (start["message"]["usage"]["input_tokens"], start["message"]["usage"]["output_tokens"]) == (10, 1)
    assert delta["usage"] == TOLD_USAGE


def test_the_sdk_counts_what_comes_last() -> None:
    usage = sdk(UsageSnapshot(Usage(10, 1), final=False), *TEXT, UsageSnapshot(USAGE), Finish("stop"))["usage"]
    assert {name: usage[name] for name in TOLD_USAGE if name != "speed"} == {
        name: value for name, value in TOLD_USAGE.items() if name != "speed"
    }


def test_an_answer_without_an_id_a_model_or_a_word() -> None:
    out = encoded(StreamStart("", ""), END)
    assert complaints(out) == []
    message = events_in(out)[0]["message"]
    assert (message["id"], message["model"]) == ("msg_1", "m")
    told = json.loads(CLIENT.whole(ChatRequest("m", []), [StreamStart("", ""), END], IDENTITY))
    assert (told["id"], told["model"], told["content"], told["stop_reason"]) == ("msg_1", "m", [], "end_turn")
    assert told["usage"] == {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
    }


def test_signed_thinking() -> None:
    events = (
        BlockStart(0, "reasoning"),
        ReasoningDelta(0, "h"),
        BlockMeta(0, "s1"),
        ReasoningDelta(0, "m"),
        BlockMeta(0, "s2"),
        BlockEnd(0),
        BlockStart(1, "redacted_reasoning", data="xyz"),
        BlockEnd(1),
    )
    assert content(*events) == [
        {"type": "thinking", "thinking": "hm", "signature": "s1s2"},
        {"type": "redacted_thinking", "data": "xyz"},
    ]
    deltas = [frame["delta"]["type"] for frame in events_in(stream(*events)) if frame["type"] == "content_block_delta"]
    assert deltas == ["thinking_delta", "thinking_delta", "signature_delta"]


def test_a_signature_of_something_else_stands_in_a_thinking_block_behind_it() -> None:
    events = (
        BlockStart(0, "text"),
        TextDelta(0, "a"),
        BlockMeta(0, "gemini:x"),
        BlockEnd(0),
        call(1),
        ToolArgsDelta(1, "{}"),
        BlockMeta(1, "gemini:y"),
        BlockEnd(1),
    )
    assert content(*events) == [
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "", "signature": "gemini:x"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
        {"type": "thinking", "thinking": "", "signature": "gemini:y"},
    ]


def test_a_tool_call() -> None:
    events = (call(0), ToolArgsDelta(0, ""), ToolArgsDelta(0, '{"a":'), ToolArgsDelta(0, ' "é"}'), BlockEnd(0))
    assert content(*events) == [{"type": "tool_use", "id": "t0", "name": "f", "input": {"a": "é"}}]
    assert whole(*events, Finish("tool_calls"))["stop_reason"] == "tool_use"
    assert content(call(0), BlockEnd(0))[0]["input"] == {}
    assert content(call(0), ToolArgsDelta(0, "null"), BlockEnd(0))[0]["input"] == {}


def test_arguments_that_a_limit_cut_off() -> None:
    cut = (call(0), ToolArgsDelta(0, '{"a": "x'), BlockEnd(0), Finish("length"))
    assert sdk(*cut)["content"][0]["input"] == {}  # of what is cut off the SDK keeps whole values
    assert whole(*cut)["content"][0]["input"] == {"input": '{"a": "x'}


def test_free_text_of_a_custom_tool() -> None:
    events = (
        BlockStart(0, "custom_tool_call", id="c", name="patch"),
        ToolArgsDelta(0, '*** "Begin"\n'),
        ToolArgsDelta(0, "é"),
        BlockEnd(0),
    )
    assert content(*events)[0]["input"] == {"input": '*** "Begin"\né'}


def test_a_refusal_is_plain_words() -> None:
    assert content(BlockStart(0, "refusal"), TextDelta(0, "No."), BlockEnd(0)) == [{"type": "text", "text": "No."}]


def test_a_picture_is_told_as_markdown() -> None:
    assert content(BlockStart(0, "media", name="image/png", data="AA=="), BlockEnd(0)) == [
        {"type": "text", "text": "![](data:image/png;base64,AA==)"}
    ]


def test_citations() -> None:
    own = {"type": "char_location", "cited_text": "x", "document_index": 0}
    events = (
        BlockStart(0, "text"),
        TextDelta(0, "a"),
        Citation(0, raw=json.dumps(own).encode(), dialect="anthropic"),
        Citation(0, url="https://a", title="A", quote="q", dialect="elsewhere"),
        Citation(0, quote="p", dialect="elsewhere"),
        BlockEnd(0),
    )
    found = whole(*events)["content"][0]["citations"]
    assert found[0] == own
    assert found[1] == {
        "type": "web_search_result_location",
        "url": "https://a",
        "encrypted_index": "",
        "title": "A",
        "cited_text": "q",
    }
    assert (found[2]["type"], found[2]["cited_text"], found[2]["source"]) == ("search_result_location", "p", "")
    assert [each["cited_text"] for each in sdk(*events)["content"][0]["citations"]] == ["x", "q", "p"]


def test_what_clients_are_not_told() -> None:
    events = (
        BlockStart(0, "other", raw=b'{"type":"theirs"}'),
        BlockEnd(0),
        Unmodelled(b"{}"),
        BlockStart(1, "text"),
        TextDelta(1, "a"),
        Logprobs(1, b"[]"),
        BlockEnd(1),
        BlockStart(0, "text", choice=1),
        TextDelta(0, "another", choice=1),
        BlockEnd(0, choice=1),
        Finish("length", choice=1),
        Finish("stop"),
    )
    assert content(*events) == [{"type": "text", "text": "a"}]
    assert whole(*events)["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("finish", "reason", "sequence"),
    [
        (Finish("stop", "stop"), "end_turn", None),
        (Finish("stop", "stop", detail="END"), "stop_sequence", "END"),
        (Finish("stop", "stop", detail="other"), "end_turn", None),
        (Finish("length", "length"), "max_tokens", None),
        (Finish("tool_calls", "tool_calls"), "tool_use", None),
        (Finish("content_filter", "SAFETY"), "refusal", None),
        (None, "end_turn", None),
    ],
)
def test_how_it_ended(finish: Finish | None, reason: str, sequence: str | None) -> None:
    events = (*TEXT, finish) if finish else TEXT
    *_, delta, _ = events_in(stream(*events, stop_sequences=["END"]))
    assert delta["delta"] == {"stop_reason": reason, "stop_sequence": sequence}
    answer = whole(*events, stop_sequences=["END"])
    assert (answer["stop_reason"], answer["stop_sequence"]) == (reason, sequence)


def test_why_it_was_refused() -> None:
    events = (*TEXT, Finish("content_filter", "SAFETY", detail="Unsafe."))
    details = {"type": "refusal", "category": None, "explanation": "Unsafe."}
    assert whole(*events)["stop_details"] == sdk(*events)["stop_details"] == details


def test_calls_without_a_word_of_how_it_ended() -> None:
    assert whole(call(0), ToolArgsDelta(0, "{}"), BlockEnd(0))["stop_reason"] == "tool_use"


class TestBlocksThatOverlap:
    """As the decoder of OpenAI's chat has them: calls stay open until the choice is finished."""

    def test_calls_one_after_the_other_are_told_as_they_come(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
        events = (START, call(0), ToolArgsDelta(0, "{}"), call(1), ToolArgsDelta(1, '{"a"'), BlockEnd(0))
        assert [types(encoder.encode(event)) for event in events] == [
            [],
            ["message_start", "content_block_start"],
            ["content_block_delta"],
            ["content_block_stop", "content_block_start"],
            ["content_block_delta"],
            [],
        ]

    def test_calls_that_are_mixed_wait_for_their_turn(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
        events = (
            *(START, call(0), call(1), call(2)),
            *(ToolArgsDelta(0, '{"a":'), ToolArgsDelta(1, '{"b":'), ToolArgsDelta(2, "{}")),
            *(ToolArgsDelta(0, "1}"), ToolArgsDelta(1, "2}"), BlockEnd(0), BlockEnd(1), BlockEnd(2), END),
        )
        out = [encoder.encode(event) for event in events]
        assert complaints(b"".join(out)) == []
        assert [types(frames) for frames in out[4:9]] == [
            ["content_block_delta"],
            [],
            [],
            ["content_block_delta", "content_block_stop", "content_block_start", "content_block_delta"],
            ["content_block_delta", "content_block_stop", "content_block_start", "content_block_delta"],
        ]
        blocks = final_message(b"".join(out))["content"]
        assert [(block["id"], block["input"]) for block in blocks] == [("t0", {"a": 1}), ("t1", {"b": 2}), ("t2", {})]

    def test_a_block_whose_call_is_never_whole_waits_to_the_end(self) -> None:
        events = (call(0), ToolArgsDelta(0, "{"), call(1), ToolArgsDelta(1, "{}"), TextDelta(1, ""))
        assert [block["id"] for block in final_message(stream(*events, Finish("length")))["content"]] == ["t0", "t1"]

    def test_many_that_wait_do_not_pile_up(self) -> None:
        many = range(3000)
        starts, ends = map(call, many), map(BlockEnd, many)
        blocks = [frame for frame in events_in(stream(*starts, *ends)) if frame["type"] == "content_block_start"]
        assert [block["index"] for block in blocks] == list(many)

    def test_there_is_a_limit(self) -> None:
        encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
        for event in (START, call(0), call(1)):
            encoder.encode(event)
        piece = ToolArgsDelta(1, "x" * (MAX_WAITING_CHARS // 2))
        encoder.encode(piece)
        encoder.encode(piece)
        with pytest.raises(UpstreamError) as caught:
            encoder.encode(ToolArgsDelta(1, "x"))
        assert caught.value.code == "upstream_interleaved"


def test_a_failure_is_one_error_frame() -> None:
    encoder = CLIENT.encoder(ChatRequest("m", []), IDENTITY)
    out = b"".join(map(encoder.encode, (START, *TEXT[:2])))
    out += encoder.fail(UpstreamError("It broke.", code="upstream_truncated"))
    assert complaints(out) == ["ends in error"]
    assert events_in(out)[-1] == {"type": "error", "error": {"type": "api_error", "message": "It broke."}}


def test_a_whole_answer_that_brought_an_error() -> None:
    error = UpstreamRejected("Overloaded", status=529, type="service_unavailable")
    with pytest.raises(UpstreamRejected):
        CLIENT.whole(ChatRequest("m", []), [START, StreamError(error)], IDENTITY)
