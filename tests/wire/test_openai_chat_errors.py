"""OpenAI's errors, written; and read, in whatever shape vendors put them."""

import json
from typing import Any

import pytest

from sealink.errors import InternalError, InvalidRequest, RateLimited, SealinkError, UpstreamRejected
from sealink.wire.dialects.openai_chat import CLIENT, UPSTREAM
from sealink.wire.dialects.openai_chat.client.errors import error_frame

FULL = {"message": "m", "type": "t", "param": "p", "code": "c"}


def read(body: Any, status: int = 400, headers: Any = ()) -> UpstreamRejected:
    error = UPSTREAM.read_error(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert isinstance(error, UpstreamRejected)
    assert error.dialect == UPSTREAM.name
    return error


def written(error: SealinkError) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CLIENT.error_body(error, "req_1"))
    return found


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "m", "code": "c"}}, "m", "c"),
        ({"error": {"message": "m", "code": 401}}, "m", "401"),
        ({"error": {"message": {"detail": "m"}}}, "m", None),
        ({"error": "m"}, "m", None),
        ({"error": "m", "code": "c"}, "m", "c"),
        ({"error": {"error": {"message": "m"}}}, "m", None),
        ({"detail": "m"}, "m", None),
        ({"detail": [{"loc": ["body"], "msg": "m"}]}, '[{"loc": ["body"], "msg": "m"}]', None),
        ({"object": "error", "message": "m", "code": 40001}, "m", "40001"),
        ({"message": "m"}, "m", None),
        ({"errors": [{"message": "m"}], "success": False}, '[{"message": "m"}]', None),
        ({"error_msg": "m", "error_code": 1}, "m", None),
        ({"base_resp": {"status_msg": "m"}}, '{"base_resp":{"status_msg": "m"}}', None),
        ([{"error": {"message": "m"}}], "m", None),
        (["m"], '["m"]', None),
        ({"x": 1}, '{"x":1}', None),
        ("m", '"m"', None),
        (b"m\n", "m", None),
        (b"<html>\r\n<title>502</title>\r\n</html>\r\n", "<html>\r\n<title>502</title>\r\n</html>", None),
        (b"", "The upstream answered 400 with an empty body.", None),
        (b"\xff", "\ufffd", None),
        (b'{"a":' * 50_000, '{"a":' * 1638 + '{"', None),
    ],
)
def test_every_shape(body: Any, message: str, code: str | None) -> None:
    error = read(body)
    assert (error.message, error.code, error.status) == (message, code, 400)
    assert written(error)["error"]["message"] == message


@pytest.mark.parametrize(
    ("status", "type"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "insufficient_balance"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (408, "request_timeout"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_exceeded"),
        (500, "upstream_error"),
        (502, "upstream_error"),
        (503, "service_unavailable"),
        (504, "gateway_timeout"),
        (529, "service_unavailable"),
    ],
)
def test_the_type_is_the_vendors_or_that_of_the_status(status: int, type: str) -> None:
    assert (read({"error": {"message": "m"}}, status).type, read({"error": "m"}, status).status) == (type, status)
    assert read({"error": FULL}, status).type == "t"


@pytest.mark.parametrize("status", [204, 302])
def test_a_status_that_is_no_error_is_a_bad_gateway(status: int) -> None:
    assert read(b"", status).status == 502


def test_the_headers_that_say_when_to_retry_are_kept() -> None:
    sent = [
        ("Retry-After", "5"),
        ("retry-after-ms", "5000"),
        ("x-should-retry", "false"),
        ("X-RateLimit-Remaining-Tokens", "0"),
        ("x-request-id", "req_up"),
        ("set-cookie", "a=b"),
        ("content-encoding", "gzip"),
    ]
    assert list(read({"error": FULL}, 429, sent).headers) == [
        ("retry-after", "5"),
        ("retry-after-ms", "5000"),
        ("x-should-retry", "false"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-sealink-upstream-request-id", "req_up"),
    ]


def test_an_upstreams_own_body_goes_out_byte_for_byte() -> None:
    body = b'{\n  "error": ' + json.dumps({**FULL, "more": 1}).encode() + b', "request_id": 7\n}\n'
    assert CLIENT.error_body(read(body), "req_1") == body


def test_what_is_missing_in_it_is_added() -> None:
    body = written(read({"error": {"message": "m", "code": 401, "metadata": {"a": 1}}, "user_id": "u"}, 401))
    assert body == {
        "error": {"message": "m", "code": 401, "metadata": {"a": 1}, "type": "authentication_error", "param": None},
        "user_id": "u",
    }


def test_an_error_that_stands_bare_keeps_all_that_it_says() -> None:
    """Mistral's, and those of servers that took after it."""
    said = {"object": "error", "message": "m", "type": "t", "param": None, "code": 1500, "raw_status_code": 400}
    assert written(read(said)) == {"error": said}
    assert json.loads(error_frame(read(said))[6:]) == {"error": said}


@pytest.mark.parametrize("body", [b"", b"{", b"text", b'{"error":"m"}', b'{"error":{}}', b'{"error":{"message":1}}'])
def test_a_body_that_is_not_openais_becomes_so(body: bytes) -> None:
    assert written(read(body))["error"].keys() == FULL.keys()


def test_another_dialects_body_stays_behind() -> None:
    error = UpstreamRejected(
        "m", status=529, type="t", code="c", body=b'{"error":{"message":"x"}}', dialect="anthropic"
    )
    assert written(error) == {"error": {"message": "m", "type": "t", "param": None, "code": "c"}}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidRequest("m", code="c", param="p"), {**FULL, "type": "invalid_request_error"}),
        (RateLimited("m", code="requests"), {**FULL, "type": "rate_limit_exceeded", "param": None, "code": "requests"}),
        (InternalError("m"), {**FULL, "type": "internal_error", "param": None, "code": "internal_error"}),
    ],
)
def test_sealinks_own_errors(error: SealinkError, said: dict[str, Any]) -> None:
    assert written(error) == {"error": said}
