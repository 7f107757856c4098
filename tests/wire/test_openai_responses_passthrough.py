"""A Responses upstream's failures and deviations, as they reach a client of the same dialect."""

import json
from typing import Any

import pytest

from sealink.errors import UpstreamError, UpstreamRejected
from sealink.events import BlockEnd, BlockStart, TextDelta, ToolArgsDelta
from sealink.wire.dialects import openai_chat
from sealink.wire.dialects.openai_responses import UPSTREAM
from sealink.wire.framing.sse import event_frame
from wire.responses_stream import IDENTITY, REQUEST, decoded, frames_of, passed_through, translated

RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": []}


def frame(type: str, **fields: Any) -> bytes:
    return event_frame(type.encode(), json.dumps({"type": type, **fields}).encode())


CREATED = frame("response.created", response=RESPONSE)
ITEM = frame("response.output_item.added", output_index=0, item={"id": "msg_1", "type": "message", "content": []})
WORDS = frame("response.output_text.delta", output_index=0, content_index=0, item_id="msg_1", delta="a", logprobs=[])
BEGUN = CREATED + ITEM + WORDS
FAILED = frame(
    "response.failed", response={**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "No."}}
)
FLAT = frame("error", code="rate_limit_exceeded", message="Wait.", param=None, sequence_number=3)
NESTED = frame("error", error={"type": "requests", "code": "rate_limit_exceeded", "message": "Wait."})


def test_a_failure_is_told_in_the_upstreams_own_words() -> None:
    out, lane = passed_through([BEGUN + FAILED])
    assert out == BEGUN + FAILED
    assert isinstance(lane.outcome.error, UpstreamRejected)
    assert (lane.outcome.error.message, lane.outcome.error.code) == ("No.", "server_error")


@pytest.mark.parametrize("error", [FLAT, NESTED])
def test_an_error_event_is_followed_by_the_failure_that_follows_it(error: bytes) -> None:
    out, lane = passed_through([BEGUN + error + FAILED])
    assert out == BEGUN + error + FAILED
    assert isinstance(lane.outcome.error, UpstreamRejected)
    assert (lane.outcome.error.message, lane.outcome.error.status) == ("Wait.", 429)


@pytest.mark.parametrize("error", [FLAT, NESTED])
def test_an_error_event_without_one_gets_one(error: bytes) -> None:
    out, lane = passed_through([BEGUN + error])
    assert out.startswith(BEGUN + error)
    last = frames_of(out)[-1]
    assert (last["type"], last["response"]["id"]) == ("response.failed", "resp_1")
    assert last["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Wait."}
    assert isinstance(lane.outcome.error, UpstreamRejected)


@pytest.mark.parametrize("error", [FLAT, NESTED, FAILED])
def test_an_error_before_anything_was_said_is_the_gateways_to_tell(error: bytes) -> None:
    """By a true status, or not at all, if the next target answers."""
    out, lane = passed_through([CREATED + error])
    assert out == CREATED + error
    assert isinstance(lane.outcome.error, UpstreamRejected)


def test_a_cut_ends_in_a_failure_of_the_same_response() -> None:
    out, lane = passed_through([BEGUN])
    last = frames_of(out)[-1]
    assert (last["type"], last["response"]["id"], last["response"]["status"]) == ("response.failed", "resp_1", "failed")
    assert isinstance(lane.outcome.error, UpstreamError)


NUMBERED = [
    frame("response.created", sequence_number=4, response={**RESPONSE, "created_at": 5, "metadata": {"a": "b"}}),
    frame("response.in_progress", sequence_number=5, response={**RESPONSE, "created_at": 5}),
    frame("response.output_item.added", sequence_number=6, output_index=0, item={"id": "msg_1", "type": "message"}),
    frame("response.output_text.delta", sequence_number=7, output_index=0, content_index=0, item_id="msg_1", delta="a"),
]
DONE = {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}


@pytest.mark.parametrize(
    ("more", "number", "output"),
    [
        (b"", 8, []),
        (frame("response.output_item.done", sequence_number=8, output_index=0, item=DONE), 9, [DONE]),
        (frame("error", code="server_error", message="No.", param=None, sequence_number=8), 9, []),
        (frame("error", code="server_error", message="No."), 8, []),
        (frame("response.news", sequence_number="eight"), 8, []),
        (event_frame(b"response.created", b"{"), 8, []),
        (frame("response.output_text.delta", output_index="0", delta={}), 8, []),
    ],
    ids=["a cut", "a finished item", "an error", "an unnumbered error", "a number of another type", "no JSON", "types"],
)
def test_what_is_added_goes_on_where_the_upstream_ended(more: bytes, number: int, output: list[Any]) -> None:
    out, lane = passed_through([*NUMBERED, more] if more else NUMBERED)
    last = frames_of(out)[-1]
    assert (last["type"], last["sequence_number"]) == ("response.failed", number)
    told = {"id": "resp_1", "created_at": 5, "model": "m", "metadata": {"a": "b"}, "status": "failed"}
    assert told.items() <= last["response"].items()
    assert last["response"]["output"] == output
    assert isinstance(lane.outcome.error, UpstreamError | UpstreamRejected)


def test_what_is_added_before_anything_was_said_names_the_model_that_was_asked_for() -> None:
    (last,) = frames_of(passed_through([b": ping\n\n"])[0].removeprefix(b":\n"))
    assert (last["response"]["model"], last["sequence_number"]) == ("m", 0)


CALL: dict[str, Any] = {"type": "function_call", "call_id": "same", "name": "f", "arguments": "{}"}
CALLS = [CALL | {"id": "fc_0"}, CALL | {"id": "fc_1"}, {"type": "mcp_call_output", "id": "o", "call_id": "same"}]


def test_calls_of_a_stream_have_ids_of_their_own() -> None:
    items = [
        frame(f"response.output_item.{step}", output_index=index, item=item)
        for index, item in enumerate(CALLS)
        for step in ("added", "done")
    ]
    completed = frame("response.completed", response={**RESPONSE, "status": "completed", "output": CALLS})
    out, lane = passed_through([CREATED, *items, completed])
    assert lane.outcome.complete
    events = frames_of(out)
    ids = [event["item"]["call_id"] for event in events if "item" in event]
    assert ids == ["same", "same", "same_2", "same_2", "same", "same"]
    assert [item["call_id"] for item in events[-1]["response"]["output"]] == ["same", "same_2", "same"]


def test_calls_of_a_whole_answer_have_ids_of_their_own() -> None:
    body = json.dumps({**RESPONSE, "status": "completed", "output": CALLS}).encode()
    output = json.loads(UPSTREAM.passthrough_whole(body)[0])["output"]
    assert [item["call_id"] for item in output] == ["same", "same_2", "same"]


def test_nothing_follows_an_end() -> None:
    completed = frame("response.completed", response={**RESPONSE, "status": "completed"})
    out, lane = passed_through([BEGUN + completed + b"data: [DONE]\n\n" + WORDS])
    assert out == BEGUN + completed
    assert lane.outcome.complete


def test_ids_and_retries_of_frames_are_left_out() -> None:
    """The stock SDK in Python takes the next comment for an event once it has seen an `id`."""
    odd = b"id: 1\nretry: 5\n" + CREATED
    assert passed_through([odd])[0].startswith(CREATED)


@pytest.mark.parametrize("end", [b"", b"\n", b"\ne", b"\r\n\r\n"])
def test_a_frame_that_is_cut_behind_its_data_gets_its_end(end: bytes) -> None:
    out, _ = passed_through([BEGUN + WORDS.removesuffix(b"\n\n") + end])
    assert out.startswith(BEGUN + WORDS + b"event: response.failed\n")


def test_comments_become_one_line() -> None:
    out, _ = passed_through([b": OPENROUTER PROCESSING\n\n" + CREATED + b": ping\n\n"])
    assert out.startswith(b":\n" + CREATED + b":\n")


def test_events_to_come_go_through() -> None:
    new = frame("response.telepathy.delta", output_index=0, delta="?")
    assert passed_through([BEGUN + new])[0].startswith(BEGUN + new)


def test_an_annotation_of_no_type_is_told_as_the_address_it_names() -> None:
    annotated = frame("response.output_text.annotation.added", output_index=0, annotation={"url": "https://a.example"})
    (event,) = [each for each in frames_of(translated([BEGUN + annotated], UPSTREAM)[0]) if "annotation" in each]
    address = {"url": "https://a.example", "title": "", "start_index": 0, "end_index": 1}
    assert event["annotation"] == {"type": "url_citation", **address}
    file = frame("response.output_text.annotation.added", output_index=0, annotation={"filename": "a.pdf"})
    encoder = openai_chat.CLIENT.encoder(REQUEST, IDENTITY)
    sent = b"".join(map(encoder.encode, decoded([BEGUN + file])))
    assert b'"type":"citation","citation":{"filename": "a.pdf"}}]' in sent


def test_an_item_that_is_done_need_not_say_where_it_stands() -> None:
    message = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    call = {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": "{}"}
    opened = frame("response.output_item.added", output_index=1, item={**call, "arguments": ""})
    first, second = (frame("response.output_item.done", item=item) for item in (message, call))
    assert decoded([CREATED + first + opened + second])[1:] == [
        BlockStart(0, "text"),
        TextDelta(0, "Hi"),
        BlockEnd(0),
        BlockStart(1, "tool_call", id="c", name="f"),
        ToolArgsDelta(1, "{}"),
        BlockEnd(1),
    ]


@pytest.mark.parametrize("body", [b'{"error":{"message":"No.","code":"x"}}', b"<html>No.</html>", b'{"a":1}\n\n'])
def test_a_body_that_is_no_event_stream_is_an_error(body: bytes) -> None:
    _, lane = passed_through([body])
    assert isinstance(lane.outcome.error, UpstreamError)
    assert not lane.outcome.complete
