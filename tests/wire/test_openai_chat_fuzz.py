"""Whatever an upstream or a client sends, nothing but SeaLink's own errors comes out of the dialect."""

import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import InvalidRequest, UpstreamError
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator
from wire.openai_chat_grammar import complaints
from wire.openai_chat_line import head_of, relayed, said

ENCODER_OF = head_of(stream=True, stream_options={"include_usage": True})

scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=5)
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=6
)


def sometimes(likely: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, now and then something else."""
    return st.one_of(likely, likely, likely, anything)


def some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return sometimes(st.fixed_dictionaries({}, optional={name: sometimes(value) for name, value in fields.items()}))


names = st.sampled_from(["", "a", "b"])
texts = st.sampled_from(["", "x", '{"a":1}', "{", "}", "\ud83d"])
indices = st.integers(0, 2) | st.sampled_from([-1, 2**31, 2**63, 2**200, 1e300])
calls = some_of(
    index=indices,
    id=names,
    type=st.just("function"),
    function=some_of(name=names, arguments=texts | st.just({"a": 1})),
    custom=some_of(name=names, input=texts),
)
parts = some_of(type=names, text=texts, thinking=st.lists(some_of(text=texts), max_size=2) | texts)
deltas = some_of(
    role=st.just("assistant"),
    content=texts | st.lists(parts, max_size=2),
    reasoning=texts,
    reasoning_content=texts,
    reasoning_details=st.lists(some_of(text=texts, summary=texts, index=indices), max_size=2),
    refusal=texts,
    tool_calls=st.lists(calls, max_size=3),
    function_call=some_of(name=names, arguments=texts),
    annotations=st.lists(some_of(type=names, index=indices), max_size=2),
)
reasons = st.sampled_from(["stop", "length", "tool_calls", "eos", "MAX_TOKENS", "error", "", None])
choices = some_of(
    index=indices, delta=deltas, message=deltas, finish_reason=reasons, logprobs=anything, error=st.none()
)
usages = some_of(prompt_tokens=indices, completion_tokens=indices, total_tokens=indices, prompt_tokens_details=anything)
chunks = some_of(
    id=names,
    object=st.just("chat.completion.chunk"),
    created=indices,
    choices=st.lists(choices, max_size=2),
    usage=usages,
    x_groq=some_of(usage=usages),
    error=st.none() | anything,
    prompt_filter_results=anything,
)
frames = st.one_of(
    chunks.map(lambda chunk: b"data: " + json.dumps(chunk).encode() + b"\n\n"),
    chunks.map(lambda chunk: b"event: error\r\ndata:" + json.dumps(chunk).encode() + b"\r\n\r\n"),
    st.sampled_from([b"data: [DONE]\n\n", b": ping\n\n", b"data:\n\n", b"id: 1\n\n", b"\n\n", b'{"a":1}\n\n']),
    st.binary(max_size=20).map(lambda data: b"data: " + data + b"\n\n"),
)
streams = st.lists(frames, max_size=8).map(b"".join)


def is_error(chunk: dict[str, Any]) -> bool:
    return bool(chunk.get("error"))


often = settings(suppress_health_check=[HealthCheck.too_slow])


@often
@given(streams, st.booleans())
def test_a_stream_of_any_frames_ends_in_the_grammar(body: bytes, include_usage: bool) -> None:
    out, outcome = relayed([body], include_usage=include_usage)
    assert (out.count(b"data: [DONE]\n\n") == 1) != is_error(said(out)[-1])
    assert outcome.complete != (outcome.error is not None)
    assert [fault for fault in complaints(out, include_usage=include_usage) if not excusable(fault)] == []


EXCUSABLE = ("content after the end", "begins without id, name or type")
"""What cannot be put right: more after an end that the client was told of; a name that never came."""


def excusable(fault: str) -> bool:
    return any(words in fault for words in EXCUSABLE)


@often
@given(streams)
def test_a_stream_of_any_frames_can_be_translated(body: bytes) -> None:
    encoder = CLIENT.encoder(CLIENT.parse_request(ENCODER_OF), FallbackIdentity("1", 1))
    lane = Lane(UPSTREAM.framer(), Translator(UPSTREAM.decoder(), encoder))
    out = lane.feed(body) + lane.close(None)
    assert (out.count(b"data: [DONE]\n\n") == 1) != is_error(said(out)[-1])


@often
@given(chunks | anything | st.just({"choices": [{}]}))
def test_a_whole_answer_of_any_shape(answer: Any) -> None:
    body = json.dumps(answer).encode()
    with suppress(UpstreamError):
        UPSTREAM.passthrough_whole(body)
        UPSTREAM.decode_whole(body)


@often
@given(st.integers(100, 599), st.binary(max_size=50) | anything.map(lambda value: json.dumps(value).encode()))
def test_an_error_of_any_shape_has_words(status: int, body: bytes) -> None:
    error = UPSTREAM.read_error(status, [("retry-after", "1")], body)
    assert 400 <= error.status <= 599
    told = json.loads(CLIENT.error_body(error, "req_1"))["error"]
    assert {"message", "type", "param", "code"} <= told.keys()
    assert isinstance(told["message"], str)
    assert told["message"]


contents = texts | st.lists(
    some_of(
        type=st.sampled_from(["text", "image_url", "input_audio", "file", "refusal", "x"]),
        text=texts,
        refusal=texts,
        image_url=some_of(url=st.sampled_from(["http://x", "data:image/png;base64,AA", "data:,"]), detail=names),
        input_audio=some_of(data=names, format=names),
        file=some_of(file_data=st.sampled_from(["data:a/b;base64,AA", "AA", "data:x"]), file_id=names, filename=names),
    ),
    max_size=3,
)
messages = some_of(
    role=st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "x"]),
    content=contents,
    name=names,
    tool_calls=st.lists(calls, max_size=2),
    tool_call_id=names,
    function_call=some_of(name=names, arguments=texts),
    thinking_blocks=st.lists(some_of(type=st.sampled_from(["thinking", "redacted_thinking"]), data=names), max_size=2),
    cache_control=anything,
)
requests = some_of(
    model=st.just("m"),
    messages=st.lists(messages, min_size=1, max_size=3),
    stream=st.booleans(),
    stream_options=some_of(include_usage=st.booleans()),
    metadata=some_of(task_type=names),
    tools=st.lists(some_of(type=st.just("function"), function=some_of(name=names), name=names), max_size=2),
    tool_choice=names | some_of(type=st.sampled_from(["function", "allowed_tools"]), function=some_of(name=names)),
    functions=st.lists(some_of(name=names), max_size=2),
    response_format=some_of(type=st.sampled_from(["text", "json_schema"]), json_schema=some_of(name=names)),
    stop=texts | st.lists(texts, max_size=2),
    n=indices,
    max_tokens=indices,
    temperature=st.floats(0, 2),
)


@often
@given(requests)
def test_a_request_of_any_shape_is_read_or_refused(request: Any) -> None:
    with suppress(InvalidRequest):
        head = CLIENT.parse_head(json.dumps(request).encode(), {})
        CLIENT.structured_output(head)
        UPSTREAM.forward_request(head, "other")
        UPSTREAM.write_request(CLIENT.parse_request(head), "other")


@often
@given(st.binary(max_size=60))
def test_a_request_of_any_bytes_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        CLIENT.parse_head(body, {})
    assert refused.value.message


def test_recorded_streams_with_bytes_changed(recorded: list[Case]) -> None:
    """Only SeaLink's own errors, whatever bit the network or a proxy turns."""
    for case in (case for case in recorded if case.api == "openai-chat" and case.kind == "stream"):
        dice = random.Random(case.id)
        for _ in range(5):
            body = bytearray(case.body)
            for _ in range(dice.randint(1, 20)):
                body[dice.randrange(len(body))] = dice.choice(b'{}[]",:\\\n 0a\xff')
            out, outcome = relayed([bytes(body)], include_usage=dice.random() < 0.5)
            assert outcome.complete != (outcome.error is not None), case.id
            assert out.endswith(b"\n\n"), case.id
