"""Requests that are refused: with a valid key each has a row that says why, with any other none, but a line in the log.

A key is looked at before the body that comes with it.
"""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.house import config_of
from acceptance.made_streams import openai_stream
from acceptance.plain_http import post, send_raw
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import settled_rows
from replay import Answer, ReplayingUpstream

MAX_BODY, TIMEOUT_S = 50_000, 1
SERVER = (
    f"max_chat_bytes = {MAX_BODY}\nmax_embeddings_bytes = {MAX_BODY}\nmax_keyless_body_bytes = 2000\n"
    f"request_timeout_s = {TIMEOUT_S}\nmax_tools = 2"
)
HELLO = [{"role": "user", "content": "Hello!"}]
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/responses": {"input": HELLO},
    "/v1/messages": {"messages": HELLO, "max_tokens": 10},
    "/anthropic/v1/messages": {"messages": HELLO, "max_tokens": 10},
    "/v1/messages/count_tokens": {"messages": HELLO},
    "/v1/embeddings": {"input": "Hello!"},
}
SPACES = b" " * (MAX_BODY + 1)


Case = tuple[int, str, str | None]
"""The status, the code, and the model as far as it is known."""


def refused() -> Iterator[tuple[bytes, Case]]:
    """Requests as bytes, and what is right."""
    for path, asked in ASKED.items():
        yield posted(path, {**asked, "model": "none-such"}), (404, "model_not_found", "none-such")
        yield posted(path, {**asked, "model": "secret", "stream": True}), (403, "model_not_allowed", "secret")
        yield posted(path, {**asked, "model": "m", "tools": [{}] * 99}), (400, "array_above_max_length", "m")
        yield posted(path, asked), (400, "missing_field", None)
        yield posted(path, b'{"model": "m"'), (400, "invalid_json", None)
        yield posted(path, b""), (400, "invalid_json", None)
        yield posted(path, SPACES), (413, "body_too_large", None)
        yield posted(path, gzip.compress(SPACES), "content-encoding: gzip"), (413, "body_too_large", None)
        yield posted(path, b"{}", "content-encoding: gzip"), (400, "invalid_encoding", None)
        yield posted(path, b"{}", "content-encoding: br"), (415, "unsupported_encoding", None)
        yield posted(path, b"{}", "expect: miracles"), (417, "expectation_failed", None)
        chunked = head(path) + b"transfer-encoding: chunked\r\n\r\n"
        yield chunked + b"zz\r\n", (400, "malformed_request", None)
        yield chunked + b"ffff\r\n" + SPACES, (413, "body_too_large", None)
    yield head("/v1/messages") + b"content-length: 100\r\n\r\n{", (408, "request_timeout", None)
    for path in ("/v1/messages", "/anthropic/v1/messages", "/v1/chat/completions"):
        no_messages = {"model": "m", "max_tokens": 10, "messages": []}
        yield posted(path, no_messages), (400, "empty_array", "m")
    strict = {"model": "m", "max_tokens": 10, "messages": HELLO, "top_k": 5}
    yield posted("/v1/messages", strict, "x-sealink-strict: true"), (400, "unsupported_parameter", "m")


def head(path: str, key: str = KEY, header: str = "authorization: Bearer ", method: str = "POST") -> bytes:
    """Up to the headers that say how long the body is."""
    return f"{method} {path} HTTP/1.1\r\nhost: sealink\r\n{header}{key}\r\n".encode()


def posted(path: str, asked: dict[str, Any] | bytes, header: str = "x-no: header") -> bytes:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    return head(path) + f"connection: close\r\n{header}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with ReplayingUpstream(lambda request: Answer(openai_stream(["Hi"]))) as upstream:
        config = config_of(upstream.url, {"m": "openai", "secret": "openai"}, SERVER)
        config = config.replace(f'key = "{KEY}"', f'key = "{KEY}"\nmodels = ["m", "none*"]')
        with SealinkProcess(config, tmp_path_factory.mktemp("refusals")) as it:
            yield it


def test_each_request_with_a_valid_key_has_a_row(sealink: SealinkProcess) -> None:
    expected = {}
    for asked, case in refused():
        [answer] = send_raw(sealink.port, [asked], quiet_s=3 * TIMEOUT_S)
        assert (answer.status, answer.json["error"].get("code", case[1])) == case[:2], asked[:300]
        assert answer.headers.get("x-sealink-original-model") == case[2], asked[:300]
        expected[answer.headers["x-sealink-request-id"]] = case
    answered = [
        post(sealink.port, "/v1/messages/count_tokens", {"model": "m", "messages": HELLO}),
        post(sealink.port, "/v1/chat/completions", {"model": "m", "messages": HELLO}),
    ]
    _, rows = settled_rows(sealink.folder)
    of_request = {row["request_id"]: row for row in rows}
    counted, done = (of_request.pop(answer.headers["x-sealink-request-id"]) for answer in answered)
    assert (counted["ended"], counted["input_tokens"], counted["cost_nano_usd"]) == ("done", None, 0)
    assert (done["ended"], done["output_tokens"]) == ("done", 1)
    assert {id: (row["code"], row["model"]) for id, row in of_request.items()} == {
        id: case[1:] for id, case in expected.items()
    }
    assert len(rows) == len(expected) + 2
    for row in of_request.values():
        assert (row["ended"], row["ended_by"], row["key"], row["attempts"]) == ("refused", "client", "tests", [])
        assert [row[name] for name in ("provider", "input_tokens", "cost_nano_usd", "price_nano_usd")] == [None] * 4
        assert row["streamed"] == (row["code"] == "model_not_allowed" and row["client"] != "embeddings")


BY_NOBODY = {
    "wrong key": "authorization: Bearer sk-wrong",
    "wrong x-api-key": "x-api-key: sk-wrong",
    "another scheme": f"authorization: Basic {KEY}",
    "no key": "x-no: key",
}


@pytest.mark.parametrize("path", [*ASKED, "/chat/completions", "/v1/v1/messages"])
@pytest.mark.parametrize("header", BY_NOBODY.values(), ids=BY_NOBODY)
@pytest.mark.parametrize(
    "body",
    [
        "content-length: 10000000000",
        "content-length: 20\r\nexpect: 100-continue",
        "transfer-encoding: chunked",
        "content-length: 20\r\ncontent-encoding: br",
    ],
)
def test_without_a_valid_key_no_body_is_read(sealink: SealinkProcess, path: str, header: str, body: str) -> None:
    asked = f"POST {path} HTTP/1.1\r\nhost: sealink\r\norigin: http://page\r\n{header}\r\n{body}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sealink.port), 10) as connection:
        connection.sendall(asked.encode())
        came = b""
        while data := connection.recv(65536):  # the end of the connection comes without a byte of the body
            came += data
    answer = came.decode()
    assert answer.startswith("HTTP/1.1 401")
    assert answer.count("HTTP/1.1") == 1
    assert "\r\nconnection: close\r\n" in answer
    assert "\r\naccess-control-allow-origin: *\r\n" in answer
    assert "\r\nx-should-retry: false\r\n" in answer
    assert ('"type":"error"' in answer) == ("messages" in path)


@pytest.mark.parametrize("header", ["authorization: Bearer ", "x-api-key: "])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_valid_key_is_told_to_go_on(sealink: SealinkProcess, path: str, header: str) -> None:
    body = json.dumps({"model": "m", **ASKED[path]}).encode()
    with socket.create_connection(("127.0.0.1", sealink.port), 10) as connection:
        asked = head(path, header=header) + f"content-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n".encode()
        connection.sendall(asked)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("GET", "/v1/models", 2000, 200),
        ("GET", "/v1/models", 2001, 413),
        ("GET", "/health/live", 2000, 200),
        ("GET", "/health/live", 10**10, 413),
        ("OPTIONS", "/v1/chat/completions", 0, 204),
        ("OPTIONS", "/v1/chat/completions", 2001, 413),
        ("POST", "/v1/chat", 10**10, 404),
        ("PUT", "/v1/messages", 10**10, 405),
    ],
)
def test_where_no_key_is_needed_no_large_body_is_read(
    sealink: SealinkProcess, method: str, path: str, size: int, status: int
) -> None:
    body = b" " * min(size, 2000)
    [answer] = send_raw(
        sealink.port, [head(path, "", "x-no: ", method) + f"content-length: {size}\r\n\r\n".encode() + body]
    )
    assert answer.status == status


def test_wrong_keys_have_one_line_in_the_log_and_no_row(tmp_path: Path) -> None:
    with ReplayingUpstream(lambda request: Answer(openai_stream(["Hi"]))) as upstream:
        config = config_of(upstream.url, {"m": "openai"}, "")
        with SealinkProcess(config, tmp_path) as sealink:
            for path in ASKED:
                assert post(sealink.port, path, {"model": "m", **ASKED[path]}, key="sk-wrong").status == 401
            assert post(sealink.port, "/v1/chat/completions", {"model": "m", "messages": HELLO}).status == 200
        _, rows = settled_rows(tmp_path)
        log = (tmp_path / "sealink.log").read_text()
    assert [row["ended"] for row in rows] == ["done"]
    assert log.count("401") == log.count("a request from 127.0.0.1") == 1
    assert "sk-wrong" not in log
