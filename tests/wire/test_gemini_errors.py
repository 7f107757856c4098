"""Google's errors. https://cloud.google.com/apis/design/errors"""

import json
from typing import Any

import pytest

from sealink.errors import UpstreamRejected
from sealink.wire.dialects.gemini_generate import UPSTREAM


def read(status: int, body: Any, headers: list[tuple[str, str]] | None = None) -> UpstreamRejected:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = UPSTREAM.read_error(status, headers or [], data)
    assert isinstance(error, UpstreamRejected)
    return error


def error(code: int, status: str, message: str = "Words.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **more}}


@pytest.mark.parametrize(
    ("code", "status", "type"),
    [
        (400, "INVALID_ARGUMENT", "invalid_request_error"),
        (401, "UNAUTHENTICATED", "authentication_error"),
        (403, "PERMISSION_DENIED", "permission_error"),
        (404, "NOT_FOUND", "not_found_error"),
        (429, "RESOURCE_EXHAUSTED", "rate_limit_exceeded"),
        (500, "INTERNAL", "upstream_error"),
        (503, "UNAVAILABLE", "service_unavailable"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: [body]])
def test_status_type_words_and_code(code: int, status: str, type: str, wrap: Any) -> None:
    rejection = read(code, wrap(error(code, status)))
    assert (rejection.status, rejection.type, rejection.code, rejection.message) == (code, type, status, "Words.")
    assert rejection.dialect == "gemini"


def test_a_prompt_that_is_too_long_is_named_as_openais_clients_know_it() -> None:
    words = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    assert read(400, error(400, "INVALID_ARGUMENT", words)).code == "context_length_exceeded"


def test_when_to_come_again_stands_in_the_body() -> None:
    details = [{"@type": "x"}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "27.5s"}]
    body = error(429, "RESOURCE_EXHAUSTED", details=details)
    assert list(read(429, body).headers) == [("retry-after", "27")]
    assert list(read(429, body, [("Retry-After", "3")]).headers) == [("retry-after", "3")]
    assert list(read(429, error(429, "RESOURCE_EXHAUSTED", details=[{"retryDelay": "soon"}])).headers) == []


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b'{"error": "x"}', b"[]", b"\xff"])
def test_a_body_in_no_known_shape_is_its_own_message(body: bytes) -> None:
    rejection = read(502, body)
    assert rejection.status == 502
    assert rejection.message == body.decode(errors="replace")
