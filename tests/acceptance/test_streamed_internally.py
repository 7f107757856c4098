"""`stream_internally`: a client that wants a whole answer gets the same whether or not the provider is asked for a
stream; and advice on what would better be streamed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from acceptance.house import BASE_PATHS
from acceptance.made_streams import MADE
from acceptance.plain_http import post
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import settled_rows
from replay import Answer, ReplayingUpstream, Request

TEXTS = ["Once", " upon", " a", " time", ' there was "é" and 😀.']
CLIENTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hi"}]},
    "/v1/messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100},
    "/v1/responses": {"input": "Hi"},
}


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


class Upstream:
    """Streams what it is asked for; remembers the bodies."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.cut = False

    def answer(self, request: Request) -> Answer:
        asked = json.loads(request.body or b"{}")
        self.asked.append({**asked, "path": request.path})
        dialect = next(name for name in MADE if str(asked.get("model", request.path)).endswith(f"of-{name}"))
        body = MADE[dialect](TEXTS)
        return Answer(body, cut_at=len(body) // 2) if self.cut else Answer(body)


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="module")
def sealink(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with ReplayingUpstream(upstream.answer) as replaying:
        parts = [f'[[keys]]\nname = "tests"\nkey = "{KEY}"\nadvice = true']
        for dialect in MADE:
            address = replaying.url + BASE_PATHS.get(dialect, "")
            parts.append(
                f'[[providers]]\nname = "{dialect}-like"\ndialect = "{dialect}"\n'
                f'base_url = "{address}"\napi_key = "k"\n'
                f'[[models]]\nid = "{dialect}"\nstream_internally = true\n'
                f'targets = [{{ provider = "{dialect}-like", model = "of-{dialect}" }}]'
            )
        with SealinkProcess("\n".join(parts), tmp_path_factory.mktemp("internal")) as running:
            yield running


def text_of(path: str, answer: dict[str, Any]) -> str:
    if path == "/v1/chat/completions":
        return str(answer["choices"][0]["message"]["content"])
    content = answer["content"] if path == "/v1/messages" else answer["output"][0]["content"]
    return "".join(part["text"] for part in content)


@pytest.mark.parametrize("dialect", MADE)
@pytest.mark.parametrize("path", CLIENTS)
def test_the_whole_answer_is_had_by_a_stream(
    sealink: SealinkProcess, upstream: Upstream, path: str, dialect: str
) -> None:
    answer = post(sealink.port, path, {"model": dialect, **CLIENTS[path]})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert text_of(path, json.loads(answer.body)) == "".join(TEXTS)
    asked = upstream.asked[-1]
    assert asked.get("stream") is True or "stream" in asked["path"].lower()


def test_it_fails_with_a_status_where_the_stream_breaks_off(sealink: SealinkProcess, upstream: Upstream) -> None:
    upstream.cut = True
    try:
        answer = post(sealink.port, "/v1/chat/completions", {"model": "openai", **CLIENTS["/v1/chat/completions"]})
    finally:
        upstream.cut = False
    assert answer.status == 502
    assert json.loads(answer.body)["error"]["code"] == "upstream_truncated"
    _, rows = settled_rows(sealink.folder)
    assert (rows[-1]["ended"], rows[-1]["code"], rows[-1]["streamed"]) == ("error", "upstream_truncated", False)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"stream": True}, ""),
        ({"stream": True, "max_tokens": 10}, "is short"),
        ({"stream": True, "response_format": {"type": "json_object"}}, "parsed whole"),
        ({"stream": True, "tools": TOOLS, "tool_choice": "required"}, "function call"),
        ({"max_tokens": 10000}, "stream it"),
        ({}, ""),
    ],
)
def test_advice_is_a_header(sealink: SealinkProcess, more: dict[str, Any], told: str) -> None:
    answer = post(sealink.port, "/v1/chat/completions", {"model": "openai", **CLIENTS["/v1/chat/completions"], **more})
    assert answer.status == 200
    assert bool(told) == ("x-sealink-advice" in answer.headers)
    assert told in answer.headers.get("x-sealink-advice", "")
