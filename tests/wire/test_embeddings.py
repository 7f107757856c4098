"""Embeddings on the wire: what is asked, what each upstream makes of it, what the client is told."""

import base64
import contextlib
import copy
import functools
import json
import operator
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.errors import InvalidRequest, UpstreamError
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.embeddings import CLIENT, EmbeddingsUpstream
from sealink.wire.embeddings.answer import from_base64, to_base64
from sealink.wire.embeddings.cohere import CohereEmbeddings
from sealink.wire.embeddings.gemini import GeminiEmbeddings
from sealink.wire.embeddings.openai import OpenAIEmbeddings

OPENAI, GEMINI, COHERE = OpenAIEmbeddings(), GeminiEmbeddings(), CohereEmbeddings()
TRANSLATED: list[EmbeddingsUpstream] = [GEMINI, COHERE]
VECTORS = [[0.5, -0.25], [1.0, 0.0]]


def head(**fields: Any) -> RequestHead:
    return CLIENT.parse_head(json.dumps({"model": "m", "input": ["a", "b"]} | fields).encode(), {})


def asked(upstream: EmbeddingsUpstream, **fields: Any) -> tuple[OutgoingRequest, dict[str, Any]]:
    outgoing = upstream.outgoing(head(**fields), "real")
    return outgoing, json.loads(outgoing.body)


def told(upstream: EmbeddingsUpstream, answer: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], int | None]:
    """The client's answer, and the tokens that the upstream has told."""
    body, usage = upstream.answer(json.dumps(answer).encode(), head(**fields), "real", lambda: 77)
    return json.loads(body), usage.input_tokens if usage else None


# What a client asks.


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": {"text": "a"}}, "input"),
        ({"input": [1.5]}, "input[0]"),
        ({"input": ["a", 1]}, "input"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"metadata": {"task_type": 5}}, "metadata.task_type"),
    ],
)
def test_what_cannot_be_a_request_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        head(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize("fields", [{"dimensions": "5"}, {"user": 5}])
@pytest.mark.parametrize("upstream", TRANSLATED)
def test_what_is_of_the_wrong_type_is_refused_where_it_must_be_read(
    upstream: EmbeddingsUpstream, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked(upstream, **fields)
    assert caught.value.param == next(iter(fields))


# OpenAI and those who call themselves compatible.


def test_the_clients_own_bytes_go_to_openai() -> None:
    body = b'{ "input": [1, 2], "model": "m", "dimensions": 3, "later": {} }'
    outgoing = OPENAI.outgoing(CLIENT.parse_head(body, {}), "m")
    assert (outgoing.path, outgoing.body) == ("/embeddings", body)


def test_what_is_sealinks_does_not_go_out() -> None:
    _, body = asked(OPENAI, metadata={"task_type": "search"}, user="u")
    assert body == {"model": "real", "input": ["a", "b"], "user": "u"}


def openai_answer(*embeddings: Any, **more: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": n, "embedding": each} for n, each in enumerate(embeddings)]
    return {"object": "list", "data": data, "model": "real", **more}


def test_an_answer_in_the_right_encoding_is_the_upstreams_own() -> None:
    answer = b' {"object":"list","data":[{"embedding":[0.10, 1e-3]}],"usage":{"prompt_tokens":4,"total_tokens":4}} '
    body, usage = OPENAI.answer(answer, head(), "real", lambda: 77)
    assert body is answer
    assert usage is not None
    assert usage.input_tokens == 4


def test_an_answer_in_the_other_encoding_is_put_right() -> None:
    in_base64 = [to_base64(vector) for vector in VECTORS]
    assert told(OPENAI, openai_answer(*VECTORS), encoding_format="base64")[0] == openai_answer(*in_base64)
    assert told(OPENAI, openai_answer(*in_base64), encoding_format="float")[0] == openai_answer(*VECTORS)


def test_usage_that_is_not_told_is_not_known() -> None:
    assert told(OPENAI, openai_answer(*VECTORS))[1] is None


# Gemini.


def test_gemini_is_asked_for_a_batch() -> None:
    outgoing, body = asked(GEMINI, dimensions=5, taskType="RETRIEVAL_QUERY", user="u", later=1, title=None)
    one = {"model": "models/real", "outputDimensionality": 5, "taskType": "RETRIEVAL_QUERY"}
    texts = [{"parts": [{"text": text}]} for text in ("a", "b")]
    assert outgoing.path == "/v1beta/models/real:batchEmbedContents"
    assert body == {"requests": [one | {"content": text} for text in texts]}
    assert list(outgoing.dropped) == ["user", "later"]


def test_gemini_answers() -> None:
    answer = {"embeddings": [{"values": vector} for vector in VECTORS]}
    body, tokens = told(GEMINI, answer)
    assert body == openai_answer(*VECTORS, usage={"prompt_tokens": 77, "total_tokens": 77})
    assert tokens is None
    body, tokens = told(GEMINI, answer | {"usageMetadata": {"promptTokenCount": 6}}, encoding_format="base64")
    assert [item["embedding"] for item in body["data"]] == [to_base64(vector) for vector in VECTORS]
    assert (body["usage"], tokens) == ({"prompt_tokens": 6, "total_tokens": 6}, 6)


# Cohere.


def test_cohere_is_asked() -> None:
    outgoing, body = asked(COHERE, input="a", dimensions=256, user="u", later=1)
    texts = {"model": "real", "texts": ["a"], "embedding_types": ["float"], "output_dimension": 256}
    assert (outgoing.path, body) == ("/v2/embed", texts | {"input_type": "search_document"})
    assert list(outgoing.dropped) == ["user", "later"]
    assert asked(COHERE, input_type="search_query", truncate="NONE")[1] == {
        "model": "real",
        "texts": ["a", "b"],
        "embedding_types": ["float"],
        "input_type": "search_query",
        "truncate": "NONE",
    }


def test_cohere_answers() -> None:
    answer = {"id": "1", "embeddings": {"float": VECTORS}, "texts": ["a", "b"], "meta": {"api_version": {}}}
    assert told(COHERE, answer) == (openai_answer(*VECTORS, usage={"prompt_tokens": 77, "total_tokens": 77}), None)
    body, tokens = told(COHERE, answer | {"meta": {"billed_units": {"input_tokens": 3}}})
    assert (body["usage"], tokens) == ({"prompt_tokens": 3, "total_tokens": 3}, 3)


# All of them.


@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2], [3]]])
def test_tokens_mean_something_to_openai_alone(tokens: list[Any]) -> None:
    assert asked(OPENAI, input=tokens)[1]["input"] == tokens
    for upstream in TRANSLATED:
        with pytest.raises(InvalidRequest, match="takes only texts") as caught:
            asked(upstream, input=tokens)
        assert (caught.value.param, caught.value.code) == ("input", "unsupported_parameter")


@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", b'{"data":5}', b'{"embeddings":[[1]]}', b"[" * 50_000])
@pytest.mark.parametrize("upstream", [OPENAI, GEMINI, COHERE])
def test_nonsense_is_told_as_such(upstream: EmbeddingsUpstream, answer: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        upstream.answer(answer, head(), "real", lambda: 0)
    assert caught.value.code == "upstream_malformed"


@pytest.mark.parametrize("embedding", ["?", "AAAA", ["x"]])
def test_vectors_that_are_none_are_told_as_such(embedding: Any) -> None:
    encoding = "float" if isinstance(embedding, str) else "base64"
    with pytest.raises(UpstreamError):
        told(OPENAI, openai_answer(embedding), encoding_format=encoding)


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_base64_is_that_of_openais_sdk(vector: list[float]) -> None:
    assert base64.b64decode(to_base64(vector)) == struct.pack(f"<{len(vector)}f", *vector)
    assert from_base64(to_base64(vector)) == vector


def test_the_prompt_is_what_can_be_counted() -> None:
    assert CLIENT.prompt_text(head()) == "a\nb"
    assert CLIENT.prompt_text(head(input=[1, 2])) == ""


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
ANSWERS: list[tuple[EmbeddingsUpstream, dict[str, Any]]] = [
    (OPENAI, openai_answer([0.5], [1.0], usage={"prompt_tokens": 1, "total_tokens": 1})),
    (GEMINI, {"embeddings": [{"values": [0.5]}], "usageMetadata": {"promptTokenCount": 1}}),
    (COHERE, {"embeddings": {"float": [[0.5]]}, "meta": {"billed_units": {"input_tokens": 1}}}),
]


def places_in(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places_in(value[key], *path, key)


@given(st.data(), st.sampled_from(ANSWERS), st.sampled_from(["float", "base64"]))
def test_whatever_an_upstream_answers_is_embeddings_or_told_as_none(
    data: st.DataObject, upstream_and_answer: tuple[EmbeddingsUpstream, dict[str, Any]], encoding: str
) -> None:
    upstream, whole = upstream_and_answer
    whole = copy.deepcopy(whole)
    *way, last = data.draw(st.sampled_from([path for path in places_in(whole) if path]))
    functools.reduce(operator.getitem, way, whole)[last] = data.draw(LEAVES)  # type: ignore[arg-type]
    with contextlib.suppress(UpstreamError):
        answer, usage = upstream.answer(json.dumps(whole).encode(), head(encoding_format=encoding), "m", lambda: 1)
        assert isinstance(json.loads(answer)["data"], list)
        assert usage is None or usage.input_tokens >= 0
