"""Metadata that nobody needs, of every wrong type, in every upstream dialect: no client loses the answer for it, and
each is given what its SDK has a type for."""

import copy
import json
from typing import Any, Final

import pytest
from anthropic.types import Message, RawMessageDeltaEvent
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel

from acceptance.stock_messages import message_read
from acceptance.stock_responses import response_read
from sealink.app import UPSTREAM_DIALECTS
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity, same_dialect
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome, observe
from sealink.wire.stream.translator import Translator
from wire.anthropic_line import final_message
from wire.metadata_answers import ANSWERS, WRITERS, sse
from wire.openai_chat_line import said
from wire.pairs import dialect_of, errors_in, head_of

IDENTITY: Final = FallbackIdentity("own", 1_700_000_000, "asked-for")
ABSENT: Final = object()
WRONG: Final[dict[str, Any]] = {
    "absent": ABSENT,
    "null": None,
    "integer": 8,
    "negative": -8,
    "fraction": 8.5,
    "huge": 10**30,
    "digits": "8",
    "text": "x",
    "empty": "",
    "true": True,
    "list": [8],
    "object": {"a": 8},
}
WORDS: Final = ("service_tier", "response.service_tier")
PAIRS: Final = [(name, field) for name, answer in ANSWERS.items() for field in answer.fields]
CLIENTS: Final = ("chat", "messages", "responses")


def with_field(document: Any, path: str, value: Any) -> Any:
    """The document with this value wherever the path leads to one."""
    if isinstance(document, tuple):
        return (document[0], with_field(document[1], path, value))
    changed = copy.deepcopy(document)
    *way, last = path.split(".")
    inner: Any = changed
    for name in way:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if isinstance(inner, dict) and last in inner:
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
    return changed


def stream_of(name: str, documents: list[Any]) -> bytes:
    return WRITERS.get(name, sse)(documents)


def streamed(client: str, name: str, body: bytes) -> tuple[bytes, Outcome]:
    upstream, dialect = UPSTREAM_DIALECTS[name], dialect_of(client)
    options = {"stream_options": {"include_usage": True}} if client == "chat" else {}
    head = head_of(client, stream=True, **options)
    if same_dialect(upstream, dialect):
        lane = Lane(upstream.framer(), upstream.passthrough(head, IDENTITY))
    else:
        encoder = dialect.encoder(dialect.parse_request(head), IDENTITY)
        lane = Lane(upstream.framer(), Translator(upstream.decoder(), encoder))
    return lane.feed(body) + lane.close(None), lane.outcome


def whole(client: str, name: str, body: bytes) -> tuple[Any, Outcome]:
    upstream, dialect = UPSTREAM_DIALECTS[name], dialect_of(client)
    if same_dialect(upstream, dialect):
        out, outcome = upstream.passthrough_whole(body, IDENTITY)
        return json.loads(out), outcome
    events, outcome = upstream.decode_whole(body), Outcome()
    for each in events:
        observe(each, outcome)
    return json.loads(dialect.whole(dialect.parse_request(head_of(client)), events, IDENTITY)), outcome


def requires(model: type[BaseModel], document: Any) -> None:
    """Raises what pydantic raises, if the SDK's own type is another."""
    model.model_validate_json(json.dumps(document), strict=True)


def text_of_stream(client: str, body: bytes) -> str:
    """The text that a client is told; every document of the stream has the SDK's types."""
    events = said(body)
    if client == "chat":
        for each in events:
            requires(ChatCompletionChunk, each)
        return "".join(choice["delta"].get("content") or "" for each in events for choice in each["choices"])
    if client == "messages":
        requires(Message, events[0]["message"])
        requires(RawMessageDeltaEvent, next(each for each in events if each["type"] == "message_delta"))
        return message_read(final_message(body), None).choices[0].text
    for each in events:
        if "response" in each:
            requires(Response, each["response"])
    return response_read(events[-1]["response"], None).choices[0].text


def text_of_whole(client: str, answer: Any) -> str:
    if client == "chat":
        requires(ChatCompletion, answer)
        return str(answer["choices"][0]["message"]["content"])
    if client == "messages":
        requires(Message, answer)
        return message_read(answer, None).choices[0].text
    requires(Response, answer)
    return response_read(answer, None).choices[0].text


def assert_read(name: str, client: str, changes: dict[str, Any]) -> list[Usage | None]:
    """That a client gets the answer, streamed and whole, with these changes. Returns the usages that were counted."""
    stream, answer = ANSWERS[name].stream, ANSWERS[name].whole
    for path, value in changes.items():
        stream = [with_field(each, path, value) for each in stream]
        answer = with_field(answer, path, value)
    body, outcome = streamed(client, name, stream_of(name, stream))
    assert errors_in(client, body) == 0, body
    assert outcome.complete
    assert text_of_stream(client, body) == "Hi"
    read, of_whole = whole(client, name, json.dumps(answer).encode())
    assert text_of_whole(client, read) == "Hi"
    return [outcome.usage, of_whole.usage]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", ANSWERS)
def test_no_wrong_type_costs_the_answer(name: str, kind: str, client: str) -> None:
    for field in ANSWERS[name].fields:
        if field in WORDS and isinstance(WRONG[kind], str):
            continue  # vendors have words of their own: whether one of them makes sense cannot be known
        for usage in assert_read(name, client, {field: WRONG[kind]}):
            counts = () if usage is None else (usage.input_tokens, usage.output_tokens, usage.cached_read_tokens)
            assert all(count >= 0 for count in counts), field


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ANSWERS)
def test_nor_do_several(name: str, client: str) -> None:
    fields = [field for field in reversed(ANSWERS[name].fields) if field not in WORDS]
    for value in (ABSENT, None, [8], "x"):
        assert_read(name, client, dict.fromkeys(fields, value))


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@given(st.sampled_from([pair for pair in PAIRS if pair[1] not in WORDS]), VALUES, st.sampled_from(CLIENTS))
def test_nor_does_any_value(pair: tuple[str, str], value: Any, client: str) -> None:
    name, field = pair
    assert_read(name, client, {field: value})


COUNTS: Final = {
    "openai": ("usage.prompt_tokens", "usage.completion_tokens"),
    "responses": ("usage.input_tokens", "usage.output_tokens"),
    "gemini": ("usageMetadata.promptTokenCount", "usageMetadata.candidatesTokenCount"),
    "bedrock": ("usage.inputTokens", "usage.outputTokens"),
    "cohere": ("usage.tokens.input_tokens", "usage.tokens.output_tokens"),
    "ollama": ("prompt_eval_count", "eval_count"),
    "anthropic": ("usage.input_tokens", "usage.output_tokens"),
}


@pytest.mark.parametrize("value", [40.0, "40", "40.0", 40.7])
@pytest.mark.parametrize("name", ANSWERS)
def test_counts_are_read_from_whatever_they_are_written_as(name: str, value: Any) -> None:
    answer = ANSWERS[name].whole
    for field in COUNTS[name]:
        answer = with_field(answer, field, value)
    for client in CLIENTS:
        usage = whole(client, name, json.dumps(answer).encode())[1].usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (40, 40)


@pytest.mark.parametrize("client", CLIENTS)
def test_an_id_stays_where_one_chunk_has_none(client: str) -> None:
    stream = list(ANSWERS["openai"].stream)
    stream[2] = {**stream[2], "id": None, "model": 5, "created": "x"}
    body, _ = streamed(client, "openai", stream_of("openai", stream))
    assert text_of_stream(client, body) == "Hi"
    if client == "chat":
        assert [(each["id"], each["created"]) for each in said(body)] == [("c1", 5)] * 5
        assert [each["model"] for each in said(body)] == ["m", "m", "5", "m", "m"]


def test_what_no_chunk_has_is_sealinks_own() -> None:
    stream = [{**each, "id": None, "model": None, "created": None} for each in ANSWERS["openai"].stream]
    body, _ = streamed("chat", "openai", stream_of("openai", stream))
    own = ("chatcmpl-own", "asked-for", 1_700_000_000)
    assert {(each["id"], each["model"], each["created"]) for each in said(body)} == {own}
