"""Whatever bytes an upstream sends, nothing comes out but events and SeaLink's own errors; whatever a client sends,
nothing but a request or a refusal; whatever is streams, the grammar holds."""

import json
from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import InvalidRequest, SealinkError, UpstreamError
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
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialects.openai_responses import CLIENT, UPSTREAM
from sealink.wire.framing.sse import data_frame
from wire.openai_responses_grammar import complaints
from wire.responses_stream import IDENTITY, REQUEST, decoded_as_far, frames_of, passed_through, translated

_TYPES = st.sampled_from(
    [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "error",
        "message",
        "function_call",
        "custom_tool_call",
        "reasoning",
        "image_generation_call",
        "output_text",
        "input_text",
        "url_citation",
    ]
)
_NAMES = st.sampled_from(
    [
        *(
            "type",
            "item",
            "output_index",
            "content_index",
            "delta",
            "response",
            "output",
            "usage",
            "error",
            "id",
            "name",
        ),
        *("call_id", "arguments", "input", "content", "summary", "text", "annotation", "annotations", "status", "role"),
        *("encrypted_content", "incomplete_details", "result", "logprobs", "tools", "model", "message", "code"),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats(allow_nan=False) | st.text(max_size=4) | _TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)
_EVENTS = st.builds(
    lambda type, rest: {"output_index": 0, **rest, "type": type}, _TYPES, st.dictionaries(_NAMES, _VALUES, max_size=5)
)
CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "m", "output": []}}

TEXT = st.text(max_size=3)


@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    decoded_as_far(body)
    check_ends(body)


@given(st.lists(_EVENTS, max_size=8))
def test_events_of_any_shape(events: list[dict[str, Any]]) -> None:
    body = b"".join(data_frame(json.dumps(event).encode()) for event in [CREATED, *events])
    decoded_as_far(body)
    check_ends(body)


@given(st.data())
def test_recordings_that_are_damaged(recorded: list[Case], data: st.DataObject) -> None:
    streams = [case for case in recorded if case.api == "openai-responses" and len(case.body) < 9000]
    body = data.draw(st.sampled_from(streams)).body
    at, size = data.draw(st.integers(0, len(body))), data.draw(st.integers(0, 40))
    damaged = body[:at] + data.draw(st.binary(max_size=4)) + body[at + size :]
    check_ends(damaged)


@given(st.binary(max_size=60) | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_whole_bodies_of_any_shape(body: bytes) -> None:
    for read in (UPSTREAM.decode_whole, UPSTREAM.passthrough_whole):
        with suppress(UpstreamError):
            read(body)
    assert UPSTREAM.read_error(500, (), body).message


@given(st.dictionaries(_NAMES | st.sampled_from(["instructions", "tool_choice", "reasoning", "include"]), _VALUES))
def test_requests_of_any_shape(fields: dict[str, Any]) -> None:
    body = json.dumps({"model": "m", **fields}).encode()
    try:
        head = CLIENT.parse_head(body, {})
        CLIENT.prompt_text(head)
        CLIENT.structured_output(head)
        request = CLIENT.parse_request(head)
        UPSTREAM.write_request(request, "gpt-5")
    except InvalidRequest:
        return
    assert isinstance(request, ChatRequest)


@given(st.lists(_VALUES | st.dictionaries(_NAMES, _VALUES, max_size=6), max_size=4))
def test_inputs_of_any_shape(items: list[Any]) -> None:
    with suppress(InvalidRequest):
        CLIENT.parse_request(CLIENT.parse_head(json.dumps({"model": "m", "input": items}).encode(), {}))


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Blocks that open, fill and close in any order."""
    events: list[Event] = [StreamStart(draw(TEXT), "m")]
    still_open: dict[int, str] = {}
    opened = 0
    for step in draw(st.lists(st.sampled_from(["open", "say", "say", "sign", "cite", "weigh", "close"]), max_size=25)):
        if step == "open":
            kinds = [
                "text",
                "reasoning",
                "refusal",
                "tool_call",
                "custom_tool_call",
                "redacted_reasoning",
                "media",
                "other",
            ]
            kind = draw(st.sampled_from(kinds))
            name = draw(st.sampled_from(["f", "image/png"]))
            events.append(BlockStart(opened, kind, id=f"c{opened}", name=name, data="aGk="))  # type: ignore[arg-type]
            still_open[opened] = kind
            opened += 1
        elif still_open:
            block = draw(st.sampled_from(sorted(still_open)))
            events += block_events(draw, step, block, still_open)
    return [*events, UsageSnapshot(Usage(1, 1)), Finish("stop"), StreamEnd()]


def block_events(draw: st.DrawFn, step: str, block: int, still_open: dict[int, str]) -> list[Event]:
    kind = still_open[block]
    if step == "close":
        del still_open[block]
        return [BlockEnd(block)]
    if step == "sign":
        return [BlockMeta(block, signature=draw(TEXT))]
    if step == "cite":
        return [Citation(block, url="https://a.org")] if kind == "text" else []
    if step == "weigh":
        return [Logprobs(block, b'[{"token":"a","logprob":0}]')] if kind == "text" else []
    if kind in ("text", "refusal"):
        return [TextDelta(block, draw(TEXT))]
    if kind == "reasoning":
        return [ReasoningDelta(block, draw(TEXT))]
    return [ToolArgsDelta(block, draw(TEXT))] if kind.endswith("tool_call") else []


@given(answers(), st.integers(0, 40))
def test_answers_keep_to_the_grammar_to_the_end_and_when_they_break_off(events: list[Event], cut: int) -> None:
    encoder = CLIENT.encoder(REQUEST, IDENTITY)
    assert not complaints(b"".join(map(encoder.encode, events)))
    encoder = CLIENT.encoder(REQUEST, IDENTITY)
    cut = min(max(cut, 1), len(events) - 1)
    broken = b"".join(map(encoder.encode, events[:cut])) + encoder.fail(UpstreamError("Cut."))
    assert not complaints(broken)
    whole = msgspec.json.decode(CLIENT.whole(REQUEST, events, IDENTITY))
    assert whole["status"] == "completed"


def check_ends(body: bytes) -> None:
    """Whatever an upstream sends, a client gets exactly one end."""
    try:
        streams = [translated([body], UPSTREAM)[0], passed_through([body])[0]]
    except SealinkError as error:  # a lane tells errors, and raises none
        raise AssertionError(error) from error
    assert not complaints(streams[0])
    ends = ("response.completed", "response.incomplete", "response.failed", "error")
    types = [event.get("type") for event in frames_of(streams[0])]
    assert sum(types.count(end) for end in ends) == 1
