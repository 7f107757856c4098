"""Whatever bytes Bedrock, Cohere or Ollama send, nothing comes out but events, SealinkErrors and well-formed chunks."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import Case
from sealink.errors import SealinkError
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects import bedrock_converse, cohere_chat, ollama_chat
from sealink.wire.framing.sse import data_frame
from sealink.wire.stream.fold import fold
from wire.aws_messages import event, exception, sample
from wire.openai_chat_grammar import complaints
from wire.upstream_line import comparable, cut_up, follows_the_grammar, read_stream, read_until_it_fails, translated

BEDROCK, COHERE, OLLAMA = bedrock_converse.UPSTREAM, cohere_chat.UPSTREAM, ollama_chat.UPSTREAM
APIS = {BEDROCK.name: "bedrock-converse", COHERE.name: "cohere-v2", OLLAMA.name: "ollama-chat"}
SAMPLES = Path(__file__).parent / "samples"
STREAMS: list[tuple[UpstreamDialect, bytes]] = [
    *((BEDROCK, sample(path.stem)) for path in sorted((SAMPLES / "bedrock").glob("*.ndjson"))),
    *((COHERE, path.read_bytes()) for path in sorted((SAMPLES / "cohere").glob("*.sse"))),
    *((OLLAMA, path.read_bytes()) for path in sorted((SAMPLES / "ollama").glob("*.ndjson"))),
]
WORDS = {
    BEDROCK.name: (
        "messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop metadata",
        "role contentBlockIndex delta start text toolUse toolUseId name input reasoningContent redactedContent "
        "reasoningText signature citation image source bytes usage inputTokens stopReason type "
        "additionalModelResponseFields",
    ),
    COHERE.name: (
        "message-start content-start content-delta content-end tool-plan-delta tool-call-start tool-call-delta "
        "tool-call-end citation-start citation-end message-end debug",
        "type index delta message content text thinking tool_plan tool_calls function name arguments citations sources "
        "start end usage tokens input_tokens finish_reason id logprobs",
    ),
    OLLAMA.name: (
        "assistant stop length load",
        "message content thinking tool_calls function name arguments done done_reason error eval_count id model "
        "logprobs",
    ),
}


def values(dialect: UpstreamDialect) -> st.SearchStrategy[Any]:
    names = st.sampled_from(WORDS[dialect.name][1].split())
    return st.recursive(
        st.none() | st.booleans() | st.integers(-1, 2) | st.floats(allow_nan=False) | st.text(max_size=4) | names,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=8,
    )


def events(dialect: UpstreamDialect) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    names = st.sampled_from(WORDS[dialect.name][1].split())
    kinds = st.sampled_from(WORDS[dialect.name][0].split())
    return st.tuples(kinds, st.dictionaries(names, values(dialect), max_size=5))


FRAMED: dict[str, Callable[[str, dict[str, Any]], bytes]] = {
    BEDROCK.name: lambda kind, said: exception(kind, said) if "exception" in said else event(kind, said),
    COHERE.name: lambda kind, said: data_frame(json.dumps({**said, "type": kind}).encode()),
    OLLAMA.name: lambda kind, said: json.dumps({"done_reason": kind, **said}).encode() + b"\n",
}
BEGIN = {
    BEDROCK.name: event("messageStart", {"role": "assistant"}),
    COHERE.name: data_frame(b'{"type":"message-start","id":"1"}'),
    OLLAMA.name: b"",
}
every_dialect = pytest.mark.parametrize("dialect", [BEDROCK, COHERE, OLLAMA], ids=lambda dialect: dialect.name)


def survives(dialect: UpstreamDialect, body: bytes) -> None:
    """Its events keep their order; they can be folded; and an OpenAI client gets a stream of the right grammar."""
    read = read_until_it_fails(dialect, body)
    assert follows_the_grammar(read)
    with contextlib.suppress(SealinkError):
        fold(read)
    out = translated(dialect, [body])
    out.decode()
    if b'"error"' not in out:
        assert not list(complaints(out, include_usage=True))


@every_dialect
@given(st.binary(max_size=400))
def test_any_bytes(dialect: UpstreamDialect, body: bytes) -> None:
    survives(dialect, body)


@every_dialect
@given(st.data())
def test_any_events(dialect: UpstreamDialect, data: st.DataObject) -> None:
    said = data.draw(st.lists(events(dialect), max_size=8))
    survives(dialect, BEGIN[dialect.name] + b"".join(FRAMED[dialect.name](kind, rest) for kind, rest in said))


@given(st.sampled_from(STREAMS), st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=20))
def test_mutated_streams(stream: tuple[UpstreamDialect, bytes], at: int, length: int, patch: bytes) -> None:
    dialect, body = stream
    at %= len(body)
    survives(dialect, body[:at] + patch + body[at + length :])


@given(st.integers(0), st.integers(0), st.integers(0, 60), st.binary(max_size=20))
def test_mutated_recordings(recorded: list[Case], which: int, at: int, length: int, patch: bytes) -> None:
    dialects = {APIS[dialect.name]: dialect for dialect in (BEDROCK, COHERE, OLLAMA)}
    streams = [case for case in recorded if case.api in dialects and case.kind == "stream"]
    case = streams[which % len(streams)]
    at %= len(case.body)
    survives(dialects[case.api], case.body[:at] + patch + case.body[at + length :])


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 4000), max_size=5))
@settings(deadline=None)
def test_any_split_reads_the_same(stream: tuple[UpstreamDialect, bytes], cuts: list[int]) -> None:
    dialect, body = stream
    assert comparable(read_stream(dialect, cut_up(body, cuts))) == comparable(read_stream(dialect, [body]))


@every_dialect
@given(st.data())
def test_any_whole_answer_and_any_error_body(dialect: UpstreamDialect, data: st.DataObject) -> None:
    body = data.draw(st.binary(max_size=200) | values(dialect).map(lambda value: json.dumps(value).encode()))
    try:
        read = dialect.decode_whole(body)
    except SealinkError:
        read = []
    assert follows_the_grammar(read)
    fold(read)
    assert dialect.read_error(500, (), body).args
