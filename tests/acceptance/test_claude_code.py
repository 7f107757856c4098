"""What Claude Code needs of a gateway (code.claude.com/docs/en/llm-gateway), through a real SeaLink.

The client is the SDK that it is built on; what goes over the wire is compared byte for byte.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import anthropic
import pytest

from acceptance.house import House, house
from acceptance.made_streams import openai_stream
from acceptance.plain_http import PlainAnswer
from acceptance.sealink_process import KEY
from acceptance.usage_rows import settled_rows
from outside import NODE_FOLDER
from replay import Answer, Request
from wire.anthropic_grammar import complaints

QUESTION = [{"role": "user", "content": "Hi"}]
ASKED: Any = {"model": "claude-x", "max_tokens": 64, "messages": QUESTION}
BETA = "claude-code-20250219,interleaved-thinking-2025-05-14,not-known-2099-01-01"
SESSION = {"x-claude-code-session-id": "3c0f", "x-claude-code-agent-id": "a1"}
JSON = [("content-type", "application/json")]
REFUSAL = (
    b'{"type": "error", "error": {"type": "invalid_request_error",\n'
    b' "message": "prompt is too long: 200001 tokens > 200000 maximum"}, "request_id": "req_up"}'
)
OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_up"}'
SOME_HEARTBEATS_S = 0.3


def frame(type: str, **fields: Any) -> bytes:
    return f"event: {type}\ndata: ".encode() + json.dumps({"type": type, **fields}).encode() + b"\n\n"


USAGE = {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
MESSAGE = {
    "id": "msg_up",
    "type": "message",
    "role": "assistant",
    "model": "claude-x-20990101",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": USAGE,
}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
STREAM = b"".join(
    [
        frame("message_start", message=MESSAGE),
        frame("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        PING,
        frame("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hel"}),
        PING,
        frame("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo"}),
        frame("content_block_stop", index=0),
        frame("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 4}),
        frame("message_stop"),
    ]
)
MIDDLE = STREAM.index(b'"lo"')


def answer(request: Request) -> Answer:
    """What the model's name asks for."""
    if request.path.partition("?")[0].endswith("/count_tokens"):
        if request.model == "claude-uncounted":
            return Answer(b'{"detail":"Not Found"}', 404, JSON)
        return Answer(b'{"input_tokens": 1234}', 200, JSON)
    match request.model:
        case "claude-too-long":
            return Answer(REFUSAL, 400, [*JSON, ("request-id", "req_up")])
        case "claude-overloaded":
            return Answer(OVERLOADED, 529, [*JSON, ("retry-after", "7"), ("x-should-retry", "true")])
        case "claude-cut":
            return Answer(STREAM, cut_at=MIDDLE)
        case "claude-slow":
            return Answer(STREAM, held_at=0)
        case "gpt-slow":
            return Answer(openai_stream(["Hel", "lo"]), held_at=0)
        case "gpt-x":
            return Answer(openai_stream(["Hel", "lo"]))
    return Answer(STREAM)


NAMES = ("claude-x", "claude-too-long", "claude-overloaded", "claude-cut", "claude-slow", "claude-uncounted")
MODELS = dict.fromkeys(NAMES, "anthropic") | {"gpt-x": "openai", "gpt-slow": "openai"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(answer, MODELS, tmp_path_factory.mktemp("claude_code")) as it:
        yield it


@pytest.fixture(scope="module", params=["", "/anthropic"])
def client(running: House, request: pytest.FixtureRequest) -> Iterator[anthropic.Anthropic]:
    """As ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN make it: the key goes as a bearer token."""
    url = running.sealink.url + request.param
    with anthropic.Anthropic(base_url=url, auth_token=KEY, api_key=None, max_retries=0) as opened:
        yield opened


def last(running: House) -> Request:
    return running.upstream.exchanges[-1].request


def posted(running: House, request: dict[str, Any]) -> PlainAnswer:
    """The answer to a request as Claude Code sends it."""
    connection = HTTPConnection("127.0.0.1", running.sealink.port, timeout=30)
    headers = {
        "x-api-key": KEY,
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": BETA,
        **SESSION,
    }
    try:
        connection.request("POST", "/v1/messages?beta=true", body_of(request), headers)
        answered = connection.getresponse()
        fields = {name.lower(): value for name, value in answered.getheaders()}
        return PlainAnswer(answered.status, fields, answered.read())
    finally:
        connection.close()


def body_of(request: dict[str, Any]) -> bytes:
    """JSON that no encoder here would write again just so."""
    return json.dumps({**request, "unknown_field": {"b": 1.0, "a": "\u00e9"}}, indent=1).encode()


def test_body_headers_and_query_go_through_unchanged(running: House) -> None:
    asked = {**ASKED, "stream": True}
    answered = posted(running, asked)
    assert answered.body == STREAM
    got = last(running)
    assert got.body == body_of(asked)
    assert got.path == "/v1/messages?beta=true"
    sent = {"anthropic-beta": BETA, "anthropic-version": "2023-06-01", **SESSION}
    assert {name: got.headers[name] for name in sent} == sent
    assert got.headers["x-api-key"] == "sk-upstream"
    assert KEY not in str(got.headers)
    assert answered.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answered.headers["request-id"].startswith("req_")
    assert answered.headers["x-accel-buffering"] == "no"


def test_the_stock_sdk_streams(running: House, client: anthropic.Anthropic) -> None:
    with client.messages.stream(**ASKED, extra_headers={"anthropic-beta": BETA}) as stream:
        assert "".join(stream.text_stream) == "Hello"
        message = stream.get_final_message()
    assert (message.id, message.stop_reason, message.usage.output_tokens) == ("msg_up", "end_turn", 4)
    assert last(running).headers["anthropic-beta"] == BETA


def test_the_beta_client_too(running: House, client: anthropic.Anthropic) -> None:
    with client.beta.messages.stream(**ASKED, betas=["not-known-2099-01-01"]) as stream:
        assert stream.get_final_text() == "Hello"
    assert last(running).headers["anthropic-beta"] == "not-known-2099-01-01"


@pytest.mark.parametrize("stream", [True, False])
def test_an_upstreams_error_comes_as_it_was_sent(running: House, stream: bool) -> None:
    refused = posted(running, {**ASKED, "model": "claude-too-long", "stream": stream})
    assert (refused.status, refused.body) == (400, REFUSAL)
    overloaded = posted(running, {**ASKED, "model": "claude-overloaded", "stream": stream})
    assert (overloaded.status, overloaded.body) == (529, OVERLOADED)
    assert (overloaded.headers["retry-after"], overloaded.headers["x-should-retry"]) == ("7", "true")


def test_sealinks_own_errors_are_anthropics(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as unknown:
        client.messages.create(**{**ASKED, "model": "claude-none"})
    assert unknown.value.body["type"] == "error"  # type: ignore[index]
    assert unknown.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    assert unknown.value.request_id == unknown.value.body["request_id"]  # type: ignore[index]
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(auth_token="sk-wrong").messages.create(**ASKED)


def test_tokens_are_counted(running: House, client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.count_tokens(model="claude-x", messages=QUESTION, system="Be brief.")  # type: ignore[arg-type]
    assert raw.parse().input_tokens == 1234
    assert raw.headers["x-sealink-token-count"] == "upstream"
    assert last(running).path == "/v1/messages/count_tokens"
    raw = client.messages.with_raw_response.count_tokens(model="gpt-x", messages=QUESTION, system="Be brief.")  # type: ignore[arg-type]
    assert 2 < raw.parse().input_tokens < 10
    assert raw.headers["x-sealink-token-count"] == "estimated"


def test_tokens_are_estimated_where_the_upstream_cannot_count(client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.count_tokens(model="claude-uncounted", messages=QUESTION)  # type: ignore[arg-type]
    assert raw.headers["x-sealink-token-count"] == "estimated"


def test_counting_wants_a_key_and_a_model(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="claude-none", messages=QUESTION)  # type: ignore[arg-type]
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(auth_token="sk-wrong").messages.count_tokens(model="claude-x", messages=QUESTION)  # type: ignore[arg-type]


def test_models_in_anthropics_shape(client: anthropic.Anthropic) -> None:
    assert {model.id for model in client.models.list()} >= {"claude-x", "gpt-x"}
    assert client.models.retrieve("gpt-x").type == "model"


def test_partial_text_is_kept_when_the_upstream_dies(client: anthropic.Anthropic) -> None:
    came = []
    with (
        pytest.raises(anthropic.APIStatusError) as caught,
        client.messages.stream(**{**ASKED, "model": "claude-cut"}) as stream,
    ):
        came.extend(stream.text_stream)
    assert "".join(came) == "Hel"
    assert caught.value.body["error"]["type"] == "api_error"  # type: ignore[index]


def test_nothing_stays_behind_of_what_is_cancelled_or_counted(running: House) -> None:
    """Claude Code asks ahead and drops it; counting costs nothing."""
    before = len(settled_rows(running.sealink.folder)[1])
    with anthropic.Anthropic(base_url=running.sealink.url, api_key=KEY, max_retries=0) as client:
        for _ in range(10):
            with client.messages.stream(**ASKED) as stream:
                next(iter(stream))
            client.messages.count_tokens(model="claude-x", messages=QUESTION)  # type: ignore[arg-type]
        with client.messages.stream(**ASKED) as stream:
            assert stream.get_final_text() == "Hello"
    summary, rows = settled_rows(running.sealink.folder)
    assert (summary["open"], len(rows) - before) == (0, 21)
    assert [row["cost_nano_usd"] for row in rows[before:]].count(0) == 10


@pytest.mark.parametrize(
    ("paths", "beat"),
    [
        ("", PING),
        pytest.param('"/v1/messages" = "chunk"', PING, marks=pytest.mark.full),
        ('"/v1/messages" = "comment"', b":\n"),
        pytest.param('"/" = "off"', b"", marks=pytest.mark.full),
    ],
)
def test_every_heartbeat_is_survived_before_the_message_starts(
    paths: str, beat: bytes, tmp_path: Path, node: str
) -> None:
    shapes = f"paths = {{ {paths} }}" if paths else ""
    server = f"\n[heartbeat]\ngrace_s = 0.05\ninterval_s = 0.05\n{shapes}"
    with (
        house(answer, MODELS, tmp_path, server=server) as it,
        anthropic.Anthropic(base_url=it.sealink.url, api_key=KEY, max_retries=0) as client,
    ):
        for model in ("claude-slow", "gpt-slow"):
            asked = {**ASKED, "model": model}
            with released_soon(it):
                body = posted(it, {**asked, "stream": True}).body
            beats = body[: body.index(b"event: message_start")]
            assert beats == beat * (len(beats) // len(beat) if beat else 0)
            assert len(beats) >= 2 * len(beat)
            assert complaints(body) == []
            with released_soon(it), client.messages.stream(**asked) as stream:
                assert stream.get_final_text() == "Hello"
            with released_soon(it):
                assert in_node(node, it.sealink.url, model) == "Hello end_turn\n"


@contextmanager
def released_soon(running: House) -> Iterator[None]:
    """What is asked meanwhile is answered after some heartbeats' time."""
    before = len(running.upstream.exchanges)

    def release() -> None:
        running.upstream.wait(lambda: len(running.upstream.exchanges) > before, timeout_s=30)
        time.sleep(SOME_HEARTBEATS_S)
        running.upstream.release_all()

    releasing = threading.Thread(target=release)
    releasing.start()
    try:
        yield
    finally:
        releasing.join()


def in_node(node: str, url: str, model: str) -> str:
    """What the SDK for TypeScript, by its streaming helper, makes of the answer."""
    script = f"""
        import Anthropic from "@anthropic-ai/sdk";
        const client = new Anthropic({{ baseURL: "{url}", apiKey: "{KEY}", maxRetries: 0 }});
        const asked = {{ model: "{model}", max_tokens: 64, messages: [{{ role: "user", content: "Hi" }}] }};
        const message = await client.messages.stream(asked).finalMessage();
        console.log(message.content[0].text, message.stop_reason);
    """
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
