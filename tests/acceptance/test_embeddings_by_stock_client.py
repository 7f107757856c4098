"""Embeddings through a real SeaLink into the stock `openai` client, from upstreams of several formats."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import sealink_command
from acceptance.house import House, house
from acceptance.sealink_process import KEY
from replay import Answer, Request
from sealink.wire.embeddings.answer import to_base64

VECTORS = [[0.5, -0.25, 1.0], [0.125, 0.0, -1.0]]
MODELS = {"openai-model": "openai", "gemini-model": "gemini", "cohere-model": "cohere", "claude": "anthropic"}


def body_for(request: Request) -> dict[str, Any]:
    """What each upstream answers; OpenAI's gives what it is asked for, in base64 or not."""
    if "batchEmbedContents" in request.path:
        return {"embeddings": [{"values": vector} for vector in VECTORS]}
    if request.path.endswith("/v2/embed"):
        return {"id": "1", "embeddings": {"float": VECTORS}, "meta": {"billed_units": {"input_tokens": 6}}}
    as_text = request.json.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": n, "embedding": to_base64(vector) if as_text else vector}
        for n, vector in enumerate(VECTORS)
    ]
    return {"object": "list", "data": data, "model": "real", "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def answer(request: Request) -> Answer:
    if request.json.get("user") == "nobody":
        error = {"error": {"message": "Who?", "type": "invalid_request_error", "param": "user", "code": "who"}}
        return Answer(json.dumps(error).encode(), 400, [("content-type", "application/json")], "length")
    return Answer(json.dumps(body_for(request)).encode(), 200, [("content-type", "application/json")], "length")


@pytest.fixture(scope="module")
def embedding_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(answer, MODELS, tmp_path_factory.mktemp("embeddings")) as running:
        yield running


@pytest.fixture
def stock(embedding_house: House) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{embedding_house.sealink.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("encoding", ["base64", "float", None])
@pytest.mark.parametrize("model", ["openai-model", "gemini-model", "cohere-model"])
def test_vectors_arrive_whatever_the_upstream_and_the_encoding(stock: openai.OpenAI, model: str, encoding: Any) -> None:
    asked = {} if encoding is None else {"encoding_format": encoding}  # None: the client asks for base64 itself
    answer = stock.embeddings.create(model=model, input=["one", "two"], dimensions=3, **asked)
    vectors = [item.embedding for item in answer.data]
    assert vectors == ([to_base64(vector) for vector in VECTORS] if encoding == "base64" else VECTORS)
    assert [item.index for item in answer.data] == [0, 1]
    assert answer.usage.prompt_tokens == {"openai-model": 5, "gemini-model": 3, "cohere-model": 6}[model]


def test_an_upstreams_refusal_is_told(stock: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        stock.embeddings.create(model="openai-model", input="x", user="nobody")
    assert (caught.value.code, caught.value.param) == ("who", "user")


def test_a_provider_without_embeddings_says_so(stock: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="The provider 'anthropic-like' has no embeddings"):
        stock.embeddings.create(model="claude", input="x")


def test_a_field_that_cannot_be_expressed_is_named(stock: openai.OpenAI) -> None:
    raw = stock.embeddings.with_raw_response.create(model="cohere-model", input="x", user="u")
    assert raw.headers["x-sealink-dropped"] == "user"
    assert raw.headers["x-sealink-upstream"] == "cohere-like"


def test_a_strict_request_is_refused_instead(stock: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="does not support `user`") as caught:
        stock.embeddings.create(model="cohere-model", input="x", user="u", extra_headers={"x-sealink-strict": "true"})
    assert (caught.value.param, caught.value.code) == ("user", "unsupported_parameter")


def test_a_body_over_the_limit_is_refused(stock: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        stock.embeddings.create(model="openai-model", input="x" * 1024 * 1024)
    assert (caught.value.status_code, caught.value.code) == (413, "body_too_large")


def test_each_request_is_a_row(tmp_path: Path) -> None:
    with house(answer, MODELS, tmp_path) as running:
        with openai.OpenAI(base_url=f"{running.sealink.url}/v1", api_key=KEY) as client:
            for model in ("openai-model", "gemini-model"):
                client.embeddings.create(
                    model=model, input=["one", "two"], extra_body={"metadata": {"task_type": "search"}}
                )
        printed = sealink_command.run(["usage", "rows", "--json"], cwd=tmp_path, check=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    told = [(row["model"], row["task_type"], row["input_tokens"], row["output_tokens"], row["ended"]) for row in rows]
    assert told == [("openai-model", "search", 5, 0, "done"), ("gemini-model", "search", 3, 0, "done")]
    assert [row["usage_source"] for row in rows] == ["provider", "estimated"]
    assert not any(row["streamed"] for row in rows)
