"""Events → a Responses client's stream: it keeps to the grammar, and OpenAI's own SDK reads it."""

import json
from typing import Any

import pytest

from recordings import Case
from sealink.app import UPSTREAM_DIALECTS
from sealink.errors import InsufficientBalance, RateLimited, SealinkError, UpstreamError, UpstreamRejected
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
from sealink.request import ChatRequest, Message, Text, Tool, ToolChoice
from sealink.usage import Usage
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects.openai_responses import CLIENT
from wire.openai_responses_grammar import complaints
from wire.responses_stream import IDENTITY, REQUEST, encoded, frames_of, sdk_response, translated

APIS = {
    "openai-chat": "openai",
    "anthropic-messages": "anthropic",
    "openai-responses": "responses",
    "gemini": "gemini",
    "bedrock-converse": "bedrock",
    "ollama-chat": "ollama",
    "cohere-v2": "cohere",
}

START = StreamStart("msg_1", "claude-x", 1_700_000_001)
USAGE = UsageSnapshot(Usage(10, 5, 4, 3, 2))
END: list[Event] = [USAGE, Finish("stop"), StreamEnd()]


def text(block: int, *words: str) -> list[Event]:
    return [BlockStart(block, "text"), *(TextDelta(block, word) for word in words), BlockEnd(block)]


def call(block: int, *fragments: str, name: str = "f") -> list[Event]:
    deltas = [ToolArgsDelta(block, fragment) for fragment in fragments]
    return [BlockStart(block, "tool_call", id=f"c{block}", name=name), *deltas, BlockEnd(block)]


def answer(*events: Event, request: ChatRequest = REQUEST, end: list[Event] | None = None) -> dict[str, Any]:
    """The response at the end of a stream without a fault, which is also the not-streamed one."""
    whole = [START, *events, *(END if end is None else end)]
    body = encoded(whole, request)
    assert not complaints(body)
    response = frames_of(body)[-1]["response"]
    assert json.loads(CLIENT.whole(request, whole, IDENTITY)) == response
    if response["status"] == "completed":
        assert sdk_response(body) is not None
    return dict(response)


def test_a_text() -> None:
    body = encoded([START, *text(0, "Hel", "lo"), *END])
    assert [event["type"] for event in frames_of(body)] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    response = answer(*text(0, "Hel", "lo"))
    assert (response["id"], response["model"], response["created_at"]) == ("msg_1", "claude-x", 1_700_000_001)
    part = {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}
    item = {"id": "msg_msg_1_0", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    assert response["output"] == [item]
    assert response["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }


def test_the_frames_of_a_delta() -> None:
    frames = encoded([START, *text(0, "a", 'b"\n')]).split(b"\n\n")
    assert frames[4:6] == [
        b"event: response.output_text.delta\n"
        b'data: {"type":"response.output_text.delta","item_id":"msg_msg_1_0","output_index":0,"content_index":0,'
        b'"logprobs":[],"delta":"a","sequence_number":4}',
        b"event: response.output_text.delta\n"
        b'data: {"type":"response.output_text.delta","item_id":"msg_msg_1_0","output_index":0,"content_index":0,'
        b'"logprobs":[],"delta":"b\\"\\n","sequence_number":5}',
    ]


def test_an_answer_without_an_id_gets_one() -> None:
    response = frames_of(encoded([StreamStart("", ""), *text(0, "a"), *END]))[-1]["response"]
    assert (response["id"], response["model"]) == (f"resp_{IDENTITY.id}", "m")
    assert response["created_at"] == IDENTITY.created
    assert response["output"][0]["id"] == f"msg_{IDENTITY.id}_0"


def test_item_ids_are_such_as_openai_takes_back() -> None:
    start = StreamStart("chatcmpl:ä/" + "x" * 100, "m")
    assert not complaints(encoded([start, *text(0, "a"), *call(1), *END]))
    ids = [item["id"] for item in frames_of(encoded([start, *text(0, "a"), *call(1), *END]))[-1]["response"]["output"]]
    assert [id.partition("_")[0] for id in ids] == ["msg", "fc"]
    assert max(map(len, ids)) <= 64


def test_texts_that_follow_each_other_are_parts_of_one_message() -> None:
    response = answer(*text(0, "a"), *text(1, "b"), BlockStart(2, "refusal"), TextDelta(2, "No."), BlockEnd(2))
    assert [part.get("text", part.get("refusal")) for part in response["output"][0]["content"]] == ["a", "b", "No."]
    assert [item["type"] for item in answer(*text(0, "a"), *call(1, "{}"), *text(2, "b"))["output"]] == [
        "message",
        "function_call",
        "message",
    ]


def test_blocks_that_overlap() -> None:
    """A call that opens in the middle of a text: the message is done when its part is."""
    events: list[Event] = [BlockStart(0, "text"), TextDelta(0, "a"), BlockStart(1, "tool_call", id="c", name="f")]
    events += [TextDelta(0, "b"), ToolArgsDelta(1, "{}"), BlockEnd(0), BlockEnd(1), *text(2, "c")]
    message, called, last = answer(*events)["output"]
    assert (message["content"][0]["text"], called["arguments"]) == ("ab", "{}")
    assert last["content"][0]["text"] == "c"


def test_nothing_is_told_of_an_empty_block() -> None:
    assert answer(*text(0), BlockStart(1, "reasoning"), BlockEnd(1), *text(2, ""))["output"] == []


def test_what_is_left_open_is_closed() -> None:
    events: list[Event] = [
        BlockStart(0, "reasoning"),
        ReasoningDelta(0, "Hm."),
        BlockStart(1, "text"),
        TextDelta(1, "a"),
    ]
    assert [item["type"] for item in answer(*events)["output"]] == ["reasoning", "message"]


def test_thinking_is_a_summary_with_its_signature() -> None:
    signed: list[Event] = [BlockStart(0, "reasoning"), ReasoningDelta(0, "H"), ReasoningDelta(0, "m.")]
    signed += [BlockMeta(0, signature="c2"), BlockMeta(0, signature="ln"), BlockEnd(0)]
    unseen: list[Event] = [BlockStart(1, "reasoning"), BlockMeta(1, signature="c2ln"), BlockEnd(1)]
    redacted: list[Event] = [BlockStart(2, "redacted_reasoning", data="xyz"), BlockEnd(2)]
    unsigned: list[Event] = [BlockStart(3, "reasoning"), ReasoningDelta(3, "So."), BlockEnd(3)]
    output = answer(*signed, *unseen, *redacted, *unsigned)["output"]
    assert [(item["summary"], item.get("encrypted_content")) for item in output] == [
        ([{"type": "summary_text", "text": "Hm."}], "sealink:c2ln"),
        ([], "sealink:c2ln"),
        ([], "sealink-redacted:xyz"),
        ([{"type": "summary_text", "text": "So."}], "sealink:"),
    ]


def test_what_else_is_signed_has_its_signature_behind_it() -> None:
    signed: list[Event] = [*text(0, "a")[:-1], BlockMeta(0, signature="gemini:s"), BlockEnd(0)]
    signed += [*call(1, "{}")[:-1], BlockMeta(1, signature="gemini:t"), BlockEnd(1)]
    output = answer(*signed)["output"]
    assert [(item["type"], item.get("encrypted_content")) for item in output] == [
        ("message", None),
        ("reasoning", "sealink:gemini:s"),
        ("function_call", None),
        ("reasoning", "sealink:gemini:t"),
    ]


def test_what_was_told_reads_back_as_it_was() -> None:
    """The output, sent back as input: signed thinking, text and calls, in their order."""
    signed: list[Event] = [BlockStart(0, "reasoning"), ReasoningDelta(0, "Hm."), BlockMeta(0, signature="c2ln")]
    signed += [
        BlockEnd(0),
        *text(1, "I look."),
        *call(2, '{"a":1}')[:-1],
        BlockMeta(2, signature="gemini:s"),
        BlockEnd(2),
    ]
    body = json.dumps({"model": "m", "input": answer(*signed)["output"]}).encode()
    (message,) = CLIENT.parse_request(CLIENT.parse_head(body, {})).messages
    shown = [
        (type(part).__name__, *(getattr(part, name, "") for name in ("text", "signature", "arguments")))
        for part in message.parts
    ]
    assert shown == [
        ("Reasoning", "Hm.", "c2ln", ""),
        ("Text", "I look.", "", ""),
        ("ToolCall", "", "", '{"a":1}'),
        ("Reasoning", "", "gemini:s", ""),
    ]


def test_calls() -> None:
    both = [*call(0, '{"a"', ":1}"), *call(1, name="g")]
    assert [(item["call_id"], item["name"], item["arguments"]) for item in answer(*both)["output"]] == [
        ("c0", "f", '{"a":1}'),
        ("c1", "g", "{}"),
    ]


def test_custom_calls() -> None:
    events: list[Event] = [
        BlockStart(0, "custom_tool_call", id="c", name="sql"),
        ToolArgsDelta(0, "SELECT "),
        ToolArgsDelta(0, "1"),
    ]
    (item,) = answer(*events, BlockEnd(0))["output"]
    assert (item["type"], item["call_id"], item["name"], item["input"]) == ("custom_tool_call", "c", "sql", "SELECT 1")


@pytest.mark.parametrize(
    ("arguments", "input"),
    [('{"input":"SELECT 1"}', "SELECT 1"), ('{"a":1}', '{"a":1}'), ('{"input', '{"input'), ("", "")],
)
def test_a_custom_tool_that_is_a_function_to_the_upstream(arguments: str, input: str) -> None:
    request = ChatRequest("m", [], tools=[Tool(name="sql", is_custom=True)])
    (item,) = answer(*call(0, arguments, name="sql"), request=request)["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", input)


def test_a_tool_of_a_group_is_called_by_its_own_name() -> None:
    request = ChatRequest("m", [], tools=[Tool(name="agents__spawn", namespace="agents")])
    (item,) = answer(*call(0, "{}", name="agents__spawn"), request=request)["output"]
    assert (item["name"], item["namespace"]) == ("spawn", "agents")


def test_citations_count_within_their_part() -> None:
    events: list[Event] = [*text(0, "12345"), BlockStart(1, "text"), TextDelta(1, "abcde")]
    events += [
        Citation(1, url="https://a.org", title="A", start=6, end=8),
        Citation(1, url="https://b.org", title="B"),
        Citation(1, title="paper.pdf", quote="q", raw=b'{"type":"page_location"}', dialect="elsewhere"),
        Citation(1, raw=b'{"type":"file_path","file_id":"f","index":1}', dialect="responses"),
        BlockEnd(1),
    ]
    assert answer(*events)["output"][0]["content"][1]["annotations"] == [
        {"type": "url_citation", "url": "https://a.org", "title": "A", "start_index": 1, "end_index": 3},
        {"type": "url_citation", "url": "https://b.org", "title": "B", "start_index": 0, "end_index": 5},
        {
            "type": "file_citation",
            "file_id": "",
            "filename": "paper.pdf",
            "index": 5,
            "citation": {"type": "page_location"},
        },
        {"type": "file_path", "file_id": "f", "index": 1},
    ]


def test_log_probabilities_stand_beside_a_delta_that_says_nothing_more() -> None:
    token = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
    events = [BlockStart(0, "text"), TextDelta(0, "a"), Logprobs(0, json.dumps([token]).encode()), BlockEnd(0)]
    deltas = [event for event in frames_of(encoded([START, *events])) if event["type"] == "response.output_text.delta"]
    assert [(delta["delta"], delta["logprobs"]) for delta in deltas] == [("a", []), ("", [token])]
    assert answer(*events)["output"][0]["content"][0]["logprobs"] == [token]


def test_an_image() -> None:
    (item,) = answer(BlockStart(0, "media", name="image/webp", data="aGk="), BlockEnd(0))["output"]
    assert (item["type"], item["output_format"], item["result"]) == ("image_generation_call", "webp", "aGk=")


def test_what_means_nothing_to_this_dialects_clients_is_not_told() -> None:
    other: list[Event] = [BlockStart(0, "other", raw=b"{}"), BlockEnd(0), Unmodelled(b"{}")]
    sound: list[Event] = [BlockStart(1, "media", name="audio/wav", data="aGk="), BlockEnd(1)]
    second: list[Event] = [BlockStart(0, "text", 1), TextDelta(0, "b", 1), BlockEnd(0, 1), Finish("length", "", 1)]
    response = answer(*other, *sound, *second)
    assert (response["output"], response["status"]) == ([], "completed")


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_how_it_ends(reason: Any, status: str, details: Any) -> None:
    response = answer(*text(0, "a"), end=[Finish(reason), StreamEnd()])
    assert (response["status"], response["incomplete_details"]) == (status, details)
    assert response["usage"] is None


def test_the_words_of_a_refusal_are_told() -> None:
    response = answer(*text(0, "a"), end=[Finish("content_filter", "refusal", detail="Not that."), StreamEnd()])
    assert response["output"][0]["content"][1] == {"type": "refusal", "refusal": "Not that."}


def test_the_request_stands_in_the_response() -> None:
    request = ChatRequest(
        "m",
        [Message("user", [Text(text="Hi")])],
        tools=[Tool(name="f", strict=True)],
        tool_choice=ToolChoice("named", "f"),
        parallel_tool_calls=False,
        reasoning_effort="low",
    )
    response = answer(*text(0, "a"), request=request)
    assert (response["tools"][0]["name"], response["tools"][0]["strict"]) == ("f", True)
    assert response["tool_choice"] == {"type": "function", "name": "f"}
    assert (response["parallel_tool_calls"], response["reasoning"]["effort"]) == (False, "low")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UpstreamError("Cut.", code="upstream_truncated"), "server_error", "Cut."),
        (
            UpstreamRejected("Long.", status=400, type="x", code="context_length_exceeded"),
            "context_length_exceeded",
            "Long.",
        ),
        (UpstreamRejected("Bad.", status=400, type="x", code="odd"), "invalid_prompt", "Bad."),
        (InsufficientBalance("No money."), "insufficient_quota", "No money."),
        (UpstreamRejected("No.", status=429, type="x", code="insufficient_quota"), "insufficient_quota", "No."),
        (RateLimited("Wait.", headers=[("retry-after", "3")]), "rate_limit_exceeded", "Wait. Please try again in 3s."),
        (
            RateLimited("Try again in 1.5s.", headers=[("retry-after", "3")]),
            "rate_limit_exceeded",
            "Try again in 1.5s.",
        ),
    ],
)
def test_a_failure_after_the_start_in_the_words_that_codex_knows(error: SealinkError, code: str, message: str) -> None:
    encoder = CLIENT.encoder(REQUEST, IDENTITY)
    events: list[Event] = [START, *text(0, "a"), *call(1, "{}"), BlockStart(2, "text"), TextDelta(2, "b")]
    body = b"".join(map(encoder.encode, events)) + encoder.fail(error)
    assert not complaints(body)
    last = frames_of(body)[-1]
    assert last["response"]["error"] == {"code": code, "message": message}
    assert last["error"]["message"] == error.message
    assert [item["type"] for item in last["response"]["output"]] == ["message", "function_call"]


def test_a_failure_before_the_start() -> None:
    frame = CLIENT.error_frame(UpstreamError("Cut."))
    assert not complaints(frame)
    assert frames_of(frame)[0]["response"]["status"] == "failed"


def test_a_whole_answer_raises_the_error_that_it_brought() -> None:
    with pytest.raises(UpstreamError, match="Cut"):
        CLIENT.whole(REQUEST, [START, StreamError(UpstreamError("Cut."))], IDENTITY)


def test_signs_of_life() -> None:
    """OpenAI's own keepalive, which its SDKs pass over at any place after the first event."""
    body = encoded([START, *text(0, "a"), *END])
    first, second, *rest = body.split(b"\n\n")
    alive = b"\n\n".join([first, second]) + b"\n\n" + CLIENT.heartbeat("chunk") + CLIENT.heartbeat("comment")
    alive += b"\n\n".join(rest)
    assert not complaints(alive)
    response = sdk_response(alive)
    assert response is not None
    assert response.output_text == "a"
    assert CLIENT.heartbeat("off") == b""


def test_the_grammar_catches_what_is_wrong() -> None:
    body = encoded([START, *text(0, "a"), *call(1, "{}"), *END])
    frames = [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]
    for number in range(len(frames)):
        assert complaints(b"".join(frames[:number] + frames[number + 1 :])), f"without {frames[number]!r}"
        assert complaints(b"".join([*frames[: number + 1], *frames[number:]])), f"twice {frames[number]!r}"
    assert complaints(body.replace(b'"delta":"a"', b'"delta":"b"'))
    assert complaints(body.replace(b"event: response.completed", b"event: response.incomplete"))


@pytest.fixture(scope="module")
def streams(recorded: list[Case]) -> list[tuple[Case, UpstreamDialect]]:
    """Every recorded stream of a dialect that SeaLink speaks."""
    spoken = {api: UPSTREAM_DIALECTS[name] for api, name in APIS.items() if name in UPSTREAM_DIALECTS}
    return [(case, spoken[case.api]) for case in recorded if case.kind == "stream" and case.api in spoken]


def test_every_recorded_stream_of_every_dialect_keeps_to_the_grammar(
    streams: list[tuple[Case, UpstreamDialect]], full: bool
) -> None:
    streams = streams if full else streams[::3]
    for case, upstream in streams:
        body, lane = translated([case.body], upstream)
        assert not complaints(body), case.id
        response = sdk_response(body)
        is_incomplete = b"event: response.incomplete" in body
        assert (response is None) == (lane.outcome.error is not None or is_incomplete), case.id
    print(f"responses clients: {len(streams)} of {len(streams)} recorded streams keep to the grammar")


def test_every_stream_that_is_cut_ends_in_one_failure(streams: list[tuple[Case, UpstreamDialect]]) -> None:
    for case, upstream in streams:
        for cut in (len(case.body) // 5, len(case.body) // 2):
            body, _ = translated([case.body[:cut]], upstream, UpstreamError("Cut."))
            assert not complaints(body), f"{case.id} cut at {cut}"
            assert body.count(b"event: response.failed") == 1
