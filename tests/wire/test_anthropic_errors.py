"""Errors: an upstream's, in whatever shape they come, and those that a client gets."""

import json

import pytest

from sealink.errors import (
    GatewayTimeout,
    InsufficientBalance,
    InternalError,
    InvalidRequest,
    RateLimited,
    SealinkError,
    ServiceUnavailable,
    UpstreamError,
    UpstreamRejected,
)
from sealink.wire.dialects import openai_chat
from sealink.wire.dialects.anthropic_messages import CLIENT, UPSTREAM
from sealink.wire.dialects.anthropic_messages.client.errors import error_body, error_frame
from sealink.wire.dialects.shared.upstream_errors import MAX_MESSAGE_CHARS


def read(status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> UpstreamRejected:
    error = UPSTREAM.read_error(status, headers, body)
    assert isinstance(error, UpstreamRejected)
    return error


@pytest.mark.parametrize(
    ("status", "wire_type", "type"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (402, "billing_error", "insufficient_balance"),
        (403, "permission_error", "permission_error"),
        (404, "not_found_error", "not_found_error"),
        (409, "conflict_error", "invalid_request_error"),
        (413, "request_too_large", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_exceeded"),
        (500, "api_error", "upstream_error"),
        (502, "a_type_to_come", "upstream_error"),
        (504, "timeout_error", "gateway_timeout"),
        (529, "overloaded_error", "service_unavailable"),
    ],
)
def test_types(status: int, wire_type: str, type: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": wire_type, "message": "Words."}}).encode()
    error = read(status, body)
    assert (error.status, error.type, error.code, error.message) == (status, type, wire_type, "Words.")
    assert (error.body, error.dialect) == (body, "anthropic")


def test_a_prompt_that_is_too_long_has_the_code_that_clients_know() -> None:
    body = (
        b'{"type":"error","error":{"type":"invalid_request_error",'
        b'"message":"prompt is too long: 210000 tokens > 200000 maximum"}}'
    )
    assert read(400, body).code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The upstream answered 503 without a body."),
        (b" \n", "The upstream answered 503 without a body."),
        (b"<html>Bad gateway</html>\n", "<html>Bad gateway</html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'"words"', '"words"'),
        (b'{"error":"words"}', "words"),
        (b'{"message":"words"}', "words"),
        (b'{"error":null,"detail":"words"}', "words"),
        (b'{"error":{"code":503,"message":"words","status":"UNAVAILABLE"}}', "words"),
        (b'{"error":{"type":"api_error"}}', '{"error":{"type":"api_error"}}'),
        (b'{"error":[]}', '{"error":[]}'),
        (b'{"message":{}}', '{"message":{}}'),
        (b"{" * 3000, "{" * 3000),
        (b"[" * 90_000, "[" * MAX_MESSAGE_CHARS),
    ],
)
def test_bodies_of_any_shape_keep_their_words(body: bytes, message: str) -> None:
    error = read(503, body)
    assert (error.message, error.status, error.type) == (message, 503, error.type)
    assert error.body == body


@pytest.mark.parametrize(("status", "type"), [(418, "invalid_request_error"), (503, "service_unavailable")])
def test_a_status_stands_in_for_a_type(status: int, type: str) -> None:
    assert read(status, b"no").type == type


def test_headers_that_say_when_to_retry_are_kept() -> None:
    kept = read(
        429,
        b"{}",
        (
            ("Retry-After", "7"),
            ("retry-after-ms", "7000"),
            ("x-should-retry", "true"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("request-id", "req_1"),
            ("content-length", "2"),
            ("set-cookie", "a=b"),
            ("content-encoding", "gzip"),
        ),
    ).headers
    assert kept == [
        ("retry-after", "7"),
        ("retry-after-ms", "7000"),
        ("x-should-retry", "true"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("x-sealink-upstream-request-id", "req_1"),
    ]


@pytest.mark.parametrize(
    ("error", "wire_type"),
    [
        (InvalidRequest("Words."), "invalid_request_error"),
        (InsufficientBalance("Words."), "billing_error"),
        (RateLimited("Words."), "rate_limit_error"),
        (InternalError("Words."), "api_error"),
        (UpstreamError("Words."), "api_error"),
        (ServiceUnavailable("Words."), "overloaded_error"),
        (GatewayTimeout("Words."), "timeout_error"),
    ],
)
def test_written(error: SealinkError, wire_type: str) -> None:
    assert json.loads(error_body(error, "req_1")) == {
        "type": "error",
        "error": {"type": wire_type, "message": "Words."},
        "request_id": "req_1",
    }
    assert "request_id" not in json.loads(error_body(error))
    assert error_frame(error).startswith(b"event: error\ndata: {")


def test_another_dialects_error_is_not_given_as_it_came() -> None:
    error = UpstreamRejected("Words.", status=400, type="invalid_request_error", body=b"{}", dialect="openai")
    assert json.loads(error_body(error))["error"]["message"] == "Words."


def test_an_error_frame_is_one_line_whatever_the_body_looked_like() -> None:
    body = b'{\n  "type": "error",\r\n  "error": {"type": "api_error", "message": "x"}\n}'
    frame = CLIENT.error_frame(UPSTREAM.read_error(500, [], body))
    assert frame == b'event: error\ndata: {   "type": "error",   "error": {"type": "api_error", "message": "x"} }\n\n'


def test_a_page_is_put_into_the_envelope() -> None:
    told = json.loads(CLIENT.error_body(UPSTREAM.read_error(502, [], b"<html>bad gateway"), "req_1"))
    assert told == {
        "type": "error",
        "error": {"type": "api_error", "message": "<html>bad gateway"},
        "request_id": "req_1",
    }


def test_other_vendors_errors_are_of_anthropics_types_and_words() -> None:
    openai = b'{"error":{"message":"Max 8192 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}}'
    told = json.loads(error_body(openai_chat.UPSTREAM.read_error(400, [], openai)))["error"]
    assert told == {"type": "invalid_request_error", "message": "prompt is too long: Max 8192 tokens."}
    quota = b'{"error":{"message":"No quota.","type":"insufficient_quota","code":"insufficient_quota"}}'
    told = json.loads(error_body(openai_chat.UPSTREAM.read_error(429, [], quota)))["error"]
    assert told == {"type": "rate_limit_error", "message": "No quota."}
    own = b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}'
    assert error_body(read(400, own)) == own
