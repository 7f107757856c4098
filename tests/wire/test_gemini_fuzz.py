"""Whatever bytes an upstream sends, nothing comes out of this dialect but events and SeaLink's own errors."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import InvalidRequest, SealinkError
from sealink.request import ChatRequest, Message, Reasoning, ResponseFormat, Text, Tool, ToolCall, ToolResult
from sealink.wire.dialects.gemini_generate import UPSTREAM
from sealink.wire.stream.fold import fold
from wire.gemini_line import chunk, sse
from wire.upstream_line import comparable, cut_up, follows_the_grammar, read_stream, read_until_it_fails, translated

_CITED = {"citations": [{"startIndex": 0, "endIndex": 2, "uri": "u"}]}
_CHUNKS = [
    chunk({"text": "é", "thought": True}, responseId="r", usageMetadata={"promptTokenCount": 1}),
    chunk({"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}, citationMetadata=_CITED),
    chunk({"functionCall": {"name": "f", "args": {"a": [1]}}}, {"executableCode": {"code": "1"}}, finish="STOP"),
]
SAMPLES = [sse(*_CHUNKS), json.dumps(_CHUNKS, indent=1).encode()]

_WORDS = st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL", "text", "f"])
_NAMES = st.sampled_from(
    [
        *(
            "candidates",
            "content",
            "parts",
            "text",
            "thought",
            "thoughtSignature",
            "functionCall",
            "name",
            "args",
            "id",
        ),
        *("index", "finishReason", "finishMessage", "groundingMetadata", "groundingChunks", "groundingSupports", "web"),
        *("uri", "segment", "endIndex", "citationMetadata", "citations", "logprobsResult", "chosenCandidates", "error"),
        *("usageMetadata", "promptTokenCount", "promptFeedback", "blockReason", "inlineData", "responseId", "code"),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats(allow_nan=False) | st.text(max_size=4) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
_PARTS = st.dictionaries(_NAMES, _VALUES, max_size=3)
_CANDIDATES = st.builds(
    lambda parts, more: {"content": {"parts": parts}, **more},
    st.lists(_PARTS, max_size=3),
    st.dictionaries(_NAMES, _VALUES, max_size=3),
)
_ANSWERS = st.builds(
    lambda candidates, more: {"candidates": candidates, **more},
    st.lists(_CANDIDATES, max_size=2),
    st.dictionaries(_NAMES, _VALUES, max_size=2),
)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda data: b"[" + data))
def test_any_bytes(body: bytes) -> None:
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body))
    translated(UPSTREAM, [body])


@given(st.lists(_ANSWERS, max_size=5), st.booleans())
def test_any_chunks(answers: list[dict[str, object]], as_array: bool) -> None:
    body = json.dumps(answers).encode() if as_array else sse(*answers)
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body))
    out = translated(UPSTREAM, [body])
    assert out.endswith(b"\n\n")


@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=20))
def test_mutated_streams(body: bytes, at: int, length: int, patch: bytes) -> None:
    at %= len(body)
    mutated = body[:at] + patch + body[at + length :]
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, mutated))
    translated(UPSTREAM, [mutated])


@given(st.integers(0), st.integers(0), st.integers(0, 60), st.binary(max_size=20))
def test_mutated_recordings(recorded: list[Case], which: int, at: int, length: int, patch: bytes) -> None:
    streams = [case for case in recorded if (case.api, case.kind) == ("gemini", "stream")]
    body = streams[which % len(streams)].body
    at %= len(body)
    assert follows_the_grammar(read_until_it_fails(UPSTREAM, body[:at] + patch + body[at + length :]))


@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 4000), max_size=5))
def test_any_split_reads_the_same(body: bytes, cuts: list[int]) -> None:
    assert comparable(read_stream(UPSTREAM, cut_up(body, cuts))) == comparable(read_stream(UPSTREAM, [body]))


@given(st.binary(max_size=200) | _VALUES.map(msgspec.json.encode) | _ANSWERS.map(msgspec.json.encode))
def test_any_whole_answer_and_any_error_body(body: bytes) -> None:
    try:
        events = UPSTREAM.decode_whole(body)
    except SealinkError:
        events = []
    assert follows_the_grammar(events)
    fold(events)
    assert UPSTREAM.read_error(500, (), body).message


@given(
    st.dictionaries(
        st.sampled_from(["generationConfig", "generation_config", "safety_settings", "labels", "x"]),
        _VALUES.map(msgspec.json.encode).map(msgspec.Raw),
    ),
    st.text(max_size=10),
    st.sampled_from(["gemini:", "gemini:part:", "gemini:call=", "gemini:text:", ""]),
    (_VALUES | st.dictionaries(st.sampled_from(["allOf", "$ref", "type", "const", "properties"]), _VALUES))
    .map(msgspec.json.encode)
    .map(msgspec.Raw),
    st.sampled_from(["gemini-3-pro", "gemini-2.5-pro", "gemini-1.5-pro", "gemini-99", "other"]),
)
def test_any_request_is_written_or_refused(
    extras: dict[str, msgspec.Raw], text: str, mark: str, schema: msgspec.Raw, model: str
) -> None:
    request = ChatRequest(
        model="m",
        messages=[
            Message("user", [Text(text=text)], "messages[0]"),
            Message(
                "assistant",
                [Reasoning(signature=mark + text), ToolCall(id=text, name=text, arguments=text)],
                "messages[1]",
            ),
            Message("tool", [ToolResult(call_id=text, content=[Text(text=text)])], "messages[2]"),
        ],
        tools=[Tool(name="f", parameters=schema, strict=True)],
        response_format=ResponseFormat("json_schema", "a", schema),
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
    assert msgspec.json.decode(written.body)["contents"]
    return None
