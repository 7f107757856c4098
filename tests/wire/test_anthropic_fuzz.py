"""Whatever bytes an upstream sends, nothing comes out of this dialect but events and SeaLink's own errors."""

from itertools import pairwise
from pathlib import Path

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import InvalidRequest, SealinkError
from sealink.request import ChatRequest, Message, ResponseFormat, Sampling, Text, Tool, ToolCall
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.framing.sse import event_frame
from wire.anthropic_answer import comparable, fold, read_stream
from wire.upstream_line import follows_the_grammar, read_until_it_fails

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples" / "anthropic").glob("*.sse"))]

_TYPES = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "error",
        "text_delta",
        "input_json_delta",
        "thinking_delta",
        "tool_use",
        "text",
    ]
)
_NAMES = st.sampled_from(
    ["type", "index", "delta", "message", "content_block", "usage", "error", "text", "content", "input", "name", "id"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats(allow_nan=False) | st.text(max_size=4) | _TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)
_EVENTS = st.builds(lambda type, rest: {"type": type, **rest}, _TYPES, st.dictionaries(_NAMES, _VALUES, max_size=5))


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body))


@given(st.lists(_EVENTS, max_size=8))
@example([{"type": "text_delta"}, {"type": "message_start", "message": {}}])  # an unknown event before the start
def test_any_events(events: list[dict[str, object]]) -> None:
    body = b"".join(event_frame(b"x", msgspec.json.encode(event)) for event in events)
    read = read_until_it_fails(UPSTREAM, body)
    assert follows_the_grammar(read)
    fold(read)


@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=20))
def test_mutated_streams(body: bytes, at: int, length: int, patch: bytes) -> None:
    at %= len(body)
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body[:at] + patch + body[at + length :]))


@given(st.integers(0), st.integers(0), st.integers(0, 60), st.binary(max_size=20))
def test_mutated_recordings(recorded: list[Case], which: int, at: int, length: int, patch: bytes) -> None:
    streams = [case for case in recorded if (case.api, case.kind) == ("anthropic-messages", "stream")]
    body = streams[which % len(streams)].body
    at %= len(body)
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body[:at] + patch + body[at + length :]))


@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 4000), max_size=5))
def test_any_split_reads_the_same(body: bytes, cuts: list[int]) -> None:
    borders = sorted({0, len(body), *(cut % len(body) for cut in cuts)})
    pieces = [body[begin:end] for begin, end in pairwise(borders)]
    assert comparable(read_stream(pieces)) == comparable(read_stream([body]))


@given(st.binary(max_size=200) | _VALUES.map(msgspec.json.encode) | _EVENTS.map(msgspec.json.encode))
def test_any_whole_answer_and_any_error_body(body: bytes) -> None:
    try:
        events = UPSTREAM.decode_whole(body)
    except SealinkError:
        events = []
    assert follows_the_grammar(events)
    assert UPSTREAM.read_error(500, (), body).message


@given(
    st.dictionaries(
        st.sampled_from(["thinking", "metadata", "output_config", "betas", "top_k", "safety_identifier", "speed", "x"]),
        _VALUES.map(msgspec.json.encode).map(msgspec.Raw),
    ),
    st.text(max_size=10),
    _VALUES.map(msgspec.json.encode).map(msgspec.Raw),
    st.sampled_from(["claude-opus-5", "claude-sonnet-4-5", "claude-3-opus", "claude", "other"]),
)
def test_any_request_is_written_or_refused(
    extras: dict[str, msgspec.Raw], text: str, schema: msgspec.Raw, model: str
) -> None:
    request = ChatRequest(
        model="m",
        messages=[
            Message("user", [Text(text=text)], "messages[0]"),
            Message("assistant", [ToolCall(id=text, name=text, arguments=text)], "messages[1]"),
        ],
        tools=[Tool(name="f", parameters=schema, strict=True)],
        response_format=ResponseFormat("json_schema", "a", schema),
        sampling=Sampling(temperature=0.5, stop=[text]),
        reasoning_effort="low",
        extras=extras,
    )
    assert refusal_of(request, model) != "unnamed"


def refusal_of(request: ChatRequest, model: str) -> str | None:
    """The field for which the request is refused; None if it is written."""
    try:
        written = UPSTREAM.write_request(request, model)
    except InvalidRequest as error:
        return error.param or "unnamed"
    assert msgspec.json.decode(written.body)["model"] == model
    return None
