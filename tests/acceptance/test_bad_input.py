"""Whatever comes in, SeaLink answers with a row of the error table and goes on."""

import json
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pytest

from acceptance.house import House, house
from acceptance.made_streams import MADE
from acceptance.plain_http import PlainAnswer, chat_request, post_chat, send_raw
from acceptance.sealink_process import KEY
from replay import Answer

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "request_timeout",
    413: "request_too_large",
    505: "invalid_request_error",
}
MAX_BODY, TIMEOUT_S = 50_000, 1
GOOD: dict[str, Any] = {"model": "openai", "messages": [{"role": "user", "content": "Well?"}], "stream": True}
AUTH = f"Authorization: Bearer {KEY}\r\nHost: sealink\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: sealink\r\n\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    bodies = {dialect: Answer(make(["Well."])) for dialect, make in MADE.items()}
    server = f"request_timeout_s = {TIMEOUT_S}\nmax_chat_bytes = {MAX_BODY}"
    models = {dialect: dialect for dialect in MADE}
    folder = tmp_path_factory.mktemp("bad-input")
    with house(lambda request: bodies[request.model], models, folder, server=server) as it:
        yield it


@pytest.fixture(autouse=True)
def _serves_on(running: House) -> Iterator[None]:
    """After every test a good request is answered, and nothing bad has come to the upstream."""
    seen = len(running.upstream.exchanges)
    yield
    assert len(running.upstream.exchanges) == seen
    for model in MADE:
        answer = post_chat(running.sealink.port, {**GOOD, "model": model})
        assert answer.status == 200
        assert answer.body.endswith(b"data: [DONE]\n\n")


def raw_post(body: bytes, headers: str = "", path: str = "/v1/chat/completions", method: str = "POST") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"{method} {path} HTTP/1.1\r\n{AUTH}{length}{headers}\r\n".encode("latin-1") + body


def refused(
    running: House, data: bytes | Iterable[bytes], status: int, code: str | None = None, param: str | None = None
) -> PlainAnswer:
    """The one answer to these bytes, which must be this row of the error table."""
    answers = send_raw(running.sealink.port, [data] if isinstance(data, bytes) else data)
    assert len(answers) == 1, answers
    [answer] = answers
    error = answer.json["error"]
    assert (answer.status, error["type"]) == (status, TYPES[status]), answer
    assert answer.headers["content-type"].startswith("application/json")
    assert error.keys() >= {"message", "type", "param", "code"}
    assert error["message"]
    if code is not None:
        assert error["code"] == code
    if param is not None:
        assert error["param"] == param
    return answer


NOT_JSON = {
    "empty": b"",
    "text": b"tell me a story",
    "cut": b'{"model": "openai", "messages": [{"role": "user"',
    "two values": b"{}{}",
    "not UTF-8": b'{"model": "openai\xff", "messages": []}',
    "deeply nested": b'{"model": "openai", "messages": ' + b"[" * 20_000,
    "NaN": b'{"model": "openai", "messages": [], "temperature": NaN}',
    "NUL bytes": bytes(100),
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_not_json(running: House, body: bytes) -> None:
    refused(running, raw_post(body), 400)


def test_the_code_of_invalid_json(running: House) -> None:
    refused(running, raw_post(b"tell me a story"), 400, "invalid_json")


WRONG_FIELDS = [
    ({"model": 7}, "model"),
    ({"model": None}, "model"),
    ({"messages": "Well?"}, "messages"),
    ({"messages": None}, "messages"),
    ({"stream": "yes"}, "stream"),
    ({"stream_options": []}, "stream_options"),
    ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
]


@pytest.mark.parametrize("model", MADE)
@pytest.mark.parametrize(("wrong", "param"), WRONG_FIELDS, ids=lambda value: json.dumps(value))
def test_a_field_of_the_wrong_type(running: House, model: str, wrong: dict[str, Any], param: str) -> None:
    refused(running, chat_request({**GOOD, "model": model, **wrong}), 400, param=param)


TRANSLATED_ONLY = [
    ({"temperature": "hot"}, "temperature"),
    ({"tools": {}}, "tools"),
    ({"messages": ["Well?"]}, "messages[0]"),
    ({"messages": [{"role": "oracle", "content": "Well?"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
]


@pytest.mark.parametrize(("wrong", "param"), TRANSLATED_ONLY, ids=lambda value: json.dumps(value))
def test_a_field_that_cannot_be_translated(running: House, wrong: dict[str, Any], param: str) -> None:
    """Between two ends of one dialect such a field is the upstream's to judge."""
    refused(running, chat_request({**GOOD, "model": "anthropic", **wrong}), 400, param=param)


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_a_missing_field(running: House, missing: str) -> None:
    rest = {name: value for name, value in GOOD.items() if name != missing}
    refused(running, chat_request(rest), 400, "missing_field", missing)


def test_an_unknown_model(running: House) -> None:
    answer = refused(running, chat_request({**GOOD, "model": "gpt-99"}), 404, "model_not_found", "model")
    assert "gpt-99" in answer.json["error"]["message"]


KEYS = {
    "none": "",
    "wrong": "Authorization: Bearer sk-sealink-of-somebody-else\r\n",
    "empty": "Authorization: Bearer \r\n",
    "basic": "Authorization: Basic c2VhbGluazpzZWFsaW5r\r\n",
    "with more behind it": f"Authorization: Bearer {KEY}x\r\n",
    "cut": f"Authorization: Bearer {KEY[:-1]}\r\n",
    "not ASCII": "Authorization: Bearer sk-sealink-\xe9\r\n",
}


@pytest.mark.parametrize("header", KEYS.values(), ids=KEYS.keys())
def test_a_missing_or_wrong_key(running: House, header: str) -> None:
    good = chat_request(GOOD).decode()
    request = good.replace(f"Authorization: Bearer {KEY}\r\n", header)
    answer = refused(running, request.encode("latin-1"), 401, "invalid_api_key")
    assert KEY not in answer.body.decode()


def test_an_unknown_path(running: House) -> None:
    refused(running, raw_post(b"{}", path="/v1/chat/incompletions"), 404, "unknown_url")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method(running: House, method: str) -> None:
    answer = refused(running, raw_post(b"", method=method), 405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


def test_a_body_over_the_limit(running: House) -> None:
    refused(running, raw_post(b"x" * (MAX_BODY + 1)), 413, "body_too_large")


def test_a_body_that_says_it_will_be_over_the_limit(running: House) -> None:
    head = f"POST /v1/chat/completions HTTP/1.1\r\n{AUTH}Content-Length: {MAX_BODY + 1}\r\n\r\n"
    refused(running, head.encode(), 413, "body_too_large")


def test_a_chunked_body_over_the_limit(running: House) -> None:
    head = f"POST /v1/chat/completions HTTP/1.1\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (10_000, b"x" * 10_000)
    refused(running, [head.encode(), *[chunk] * (MAX_BODY // 10_000 + 1), b"0\r\n\r\n"], 413, "body_too_large")


FLOODS = {
    "one long header": "X-Flood: " + "x" * 40_000 + "\r\n",
    "many headers": "".join(f"X-Flood-{n}: {n}\r\n" for n in range(4_000)),
    "a header without an end": "X-Flood: " + "x" * 400_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_header_flood(running: House, flood: str) -> None:
    refused(running, raw_post(b"{}", flood), 413)


def test_a_long_request_line(running: House) -> None:
    refused(running, raw_post(b"{}", path="/v1/" + "x" * 40_000), 413)


def slowly(data: bytes, seconds: float) -> Iterator[bytes]:
    """A byte at a time, for so long."""
    end = time.monotonic() + seconds
    for n in range(len(data)):
        if time.monotonic() > end:
            return
        yield data[n : n + 1]
        time.sleep(0.1)


@pytest.mark.parametrize("at_once", [0, 60, 200], ids=["head", "late in the head", "body"])
def test_a_request_that_dribbles_in(running: House, at_once: int) -> None:
    """The time limit is for the whole request: bytes that keep coming do not prolong it."""
    request = raw_post(b'{"model": "openai"' + b" " * 100)
    started = time.monotonic()
    refused(running, chain([request[:at_once]], slowly(request[at_once:], 10 * TIMEOUT_S)), 408, "request_timeout")
    assert TIMEOUT_S <= time.monotonic() - started < 5 * TIMEOUT_S


BODY = json.dumps(GOOD).encode()
HEAD = f"POST /v1/chat/completions HTTP/1.1\r\n{AUTH}"
SMUGGLING = {
    "both lengths": f"{HEAD}Content-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n\r\n",
    "both lengths, the other way round": f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "two lengths": f"{HEAD}Content-Length: {len(BODY)}\r\nContent-Length: 0\r\n\r\n",
    "two lengths in one": f"{HEAD}Content-Length: {len(BODY)}, 0\r\n\r\n",
    "a signed length": f"{HEAD}Content-Length: +{len(BODY)}\r\n\r\n",
    "a negative length": f"{HEAD}Content-Length: -1\r\n\r\n",
    "a length in hex": f"{HEAD}Content-Length: 0x10\r\n\r\n",
    "a space before the colon": f"{HEAD}Transfer-Encoding : chunked\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "an unknown coding": f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n",
    "chunked, but not last": f"{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n",
    "bare LF": f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n".replace("\r\n", "\n"),
    "one bare LF": f"{HEAD}X-One: 1\nContent-Length: {len(BODY)}\r\n\r\n",
    "bare CR": f"{HEAD}X-One: 1\rX-Two: 2\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "a folded header": f"{HEAD}X-One: 1\r\n 2\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "NUL in a header": f"{HEAD}X-One: 1\0\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "no host": f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n".replace("Host: sealink\r\n", ""),
    "two hosts": f"{HEAD}Host: elsewhere\r\nContent-Length: {len(BODY)}\r\n\r\n",
    "a chunk size that is none": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk size beyond all bounds": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{'f' * 20}\r\n",
    "a chunk longer than it says": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}{{}}\r\n0\r\n\r\n",
    "not HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
OTHER_VERSIONS = {
    "HTTP/2 by surprise": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": "GET /health/live\r\n\r\n",
}


@pytest.mark.parametrize("head", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_ambiguous_framing(running: House, head: str) -> None:
    """Refused, and what stands behind it on the connection is not taken for a request."""
    refused(running, head.encode("latin-1") + BODY + SMUGGLED, 400)


@pytest.mark.parametrize("head", OTHER_VERSIONS.values(), ids=OTHER_VERSIONS.keys())
def test_other_versions(running: House, head: str) -> None:
    """As `test_ambiguous_framing`."""
    refused(running, head.encode("latin-1") + BODY + SMUGGLED, 505)
