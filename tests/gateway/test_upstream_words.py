"""An upstream's failure as clients, logs and rows are told of it: what it was, without the operator's credentials."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from fakes import FakeUpstream
from one_exchange import ROLE, STOP, TEXT, Run

from fake_clock import on_fake_clock, run_on_fake_clock
from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.gateway.failover.attempt import joined_url
from sealink.gateway.failover.upstream_words import MASK, UpstreamWords
from sealink.providers.provider import Provider
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    gemini_generate,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from sealink.wire.framing.sse import DONE, data_frame, event_frame
from sealink.wire.stream.lane import Lane

KEY = "sk-operators-own/key+1"
PROVIDER = Provider("acme", openai_chat.UPSTREAM, "http://x/v1")
DIALECTS: Mapping[str, UpstreamDialect] = {
    "openai": openai_chat.UPSTREAM,
    "anthropic": anthropic_messages.UPSTREAM,
    "bedrock": bedrock_converse.UPSTREAM,
    "cohere": cohere_chat.UPSTREAM,
    "gemini": gemini_generate.UPSTREAM,
    "ollama": ollama_chat.UPSTREAM,
    "responses": openai_responses.UPSTREAM,
}


def with_key(run: Run) -> Run:
    """The run, its providers with a key."""
    route = run.admitted.route
    targets = [
        msgspec.structs.replace(
            target,
            provider=msgspec.structs.replace(target.provider, headers=[("authorization", f"Bearer {KEY}")]),
        )
        for target in route.targets
    ]
    run.admitted.route = msgspec.structs.replace(route, targets=tuple(targets))
    return run


def failed(*pieces: bytes, status: int = 200, headers: HeaderList = (), **options: Any) -> SealinkError:
    """What is told of the only upstream's answer."""

    async def to_the_end() -> SealinkError | None:
        upstreams = [FakeUpstream(*pieces, status=status, headers=headers) for _ in range(2)]
        return await with_key(Run(*upstreams, targets=("acme",), **options)).to_the_end()

    error = run_on_fake_clock(to_the_end())
    assert error is not None
    return error


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (308, [("location", "https://y/v1/")], "The upstream answered 308 (to https://y/v1/)."),
        (302, [("Location", "/login")], "The upstream answered 302 (to /login)."),
        (304, [], "The upstream answered 304."),
        (204, [], "The upstream answered 204."),
        (101, [], "The upstream answered 101."),
        (600, [], "The upstream answered 600."),
        (999, [], "The upstream answered 999."),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_status_is_told_as_what_it_was(
    dialect: str, status: int, headers: HeaderList, message: str, stream: bool
) -> None:
    @on_fake_clock
    async def run_it() -> None:
        upstreams = [FakeUpstream(status=status, headers=headers) for _ in range(2)]
        run = Run(*upstreams, targets=("acme",), dialect=DIALECTS[dialect], stream=stream)
        error = await run.to_the_end()
        assert error is not None
        assert (error.status, error.message) == (502, message)
        assert run.settlement.code == "upstream_status"

    run_it()


@on_fake_clock
async def test_a_redirect_has_the_next_target_tried_and_is_not_followed() -> None:
    run = Run(FakeUpstream(status=301, headers=[("location", "http://y")]), FakeUpstream(ROLE, TEXT, STOP, DONE))
    assert await run.to_the_end() is None
    assert [request.url.partition("/v1")[0] for request in run.pool.requests] == ["http://x"] * 2


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_providers_credentials_are_not_the_clients(
    dialect: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = b'{"error":{"message":"Your key is no good.","type":"authentication_error","code":"bad_key"}}'

    @on_fake_clock
    async def run_it() -> None:
        run = Run(FakeUpstream(body, status=status), targets=("acme",), dialect=DIALECTS[dialect])
        error = await run.to_the_end()
        assert isinstance(error, UpstreamRejected)
        assert (error.status, error.code, error.body) == (502, "upstream_unauthorized", b"")
        assert "'acme'" in error.message
        assert "Your key is no good." in error.message
        assert run.settlement.code == "upstream_unauthorized"
        assert len(run.pool.requests) == 1  # the same key would be refused again
        other = Run(
            FakeUpstream(body, status=status), FakeUpstream(ROLE, TEXT, STOP, DONE), dialects={"a": DIALECTS[dialect]}
        )
        assert await other.to_the_end() is None

    with caplog.at_level(logging.WARNING):
        run_it()
    assert ["'acme'" in record.getMessage() for record in caplog.records] == [True, False]


def test_a_key_is_masked_wherever_an_upstream_repeats_it() -> None:
    headers = [("x-request-id", f"for-{KEY}"), ("location", f"https://y/?key={KEY}")]
    words = json.dumps({"error": {"message": f"Wrong: {KEY}.", "type": "x", "param": KEY, "code": f"c-{KEY}"}}).encode()
    told = [
        failed(words, status=status, headers=headers, dialect=dialect, stream=stream)
        for status in (400, 401, 308, 600)
        for dialect in DIALECTS.values()
        for stream in (True, False)
    ]
    for slash, plus in ((b"\\/", b"+"), (b"%2f", b"%2B"), (b"\\u002F", b"\\u002b")):
        told.append(failed(words.replace(b"/", slash).replace(b"+", plus), status=422))
    told += [failed(data_frame(words)), failed(words, stream=False)]
    told.append(failed(f"<p>{KEY}</p>".encode(), stream=False))
    for error in told:
        body = error.body if isinstance(error, UpstreamRejected) else b""
        assert "operators" not in f"{error.message} {error} {error.code} {error.param} {error.headers} {body!r}"
    assert told[0].message == f"Wrong: {MASK}."


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdefghij0123456789",
        "sk-ant-api03-abcdefghij_0123456789",
        "gsk_abcdefghij0123456789",
        f"abc-{'Ab0' * 20}",
        "AIzaSyA0123456789abcdefghijklmnopqrst",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9m",
    ],
)
def test_keys_of_others_are_masked_by_their_shape(key: str) -> None:
    """A gateway behind the upstream repeats its own."""
    body = json.dumps({"error": {"message": f"Key {key} of '{key}' is wrong.", "type": "x", "code": "y"}}).encode()
    error = failed(body, status=429, headers=[("x-upstream", key)])
    assert error.message == "Key *** of '***' is wrong."
    assert key not in str(error.headers)
    assert isinstance(error, UpstreamRejected)
    assert key.encode() not in error.body


@pytest.mark.parametrize(
    "words", ["task-scheduling-is-not-known", "risk-free", "the key sk-short", f"req-{'0a' * 24}", "sk-proj-****wxyz"]
)
def test_words_that_look_a_little_like_keys_stay(words: str) -> None:
    body = json.dumps({"error": {"message": words, "type": "x", "code": "y"}}).encode()
    assert failed(body, status=429).message == words


@on_fake_clock
async def test_a_key_is_masked_in_the_frame_that_ends_a_stream_and_not_in_content() -> None:
    wrong = data_frame(json.dumps({"error": {"message": f"Wrong: {KEY}", "type": "server_error"}}).encode())
    content = TEXT.replace(b"Hi", KEY.encode())
    run = with_key(Run(FakeUpstream(ROLE, content, wrong), targets=("acme",)))
    assert await run.to_the_end() is None
    *_, said, ended = run.responder.data
    assert KEY in str(said)
    assert "operators" not in str(ended)
    assert MASK in str(ended)


@pytest.mark.parametrize(
    ("header", "value", "secret"),
    [
        ("authorization", "Bearer abcdefghijkl", "abcdefghijkl"),
        ("x-api-key", "abcdefghijkl", "abcdefghijkl"),
        ("api-key", "abcdefghijkl", "abcdefghijkl"),
        ("X-Goog-Api-Key", "abcdefghijkl", "abcdefghijkl"),
        ("x-amz-security-token", "FwoGZ/abc+defghij==", "FwoGZ/abc+defghij=="),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAABCDEFGHIJKL/1/r, Signature=0123456789abcdef",
            "0123456789abcdef",
        ),
    ],
)
def test_which_values_are_secret(header: str, value: str, secret: str) -> None:
    words = UpstreamWords(PROVIDER, "http://x/v1", [(header, value), ("content-type", "application/json")])
    assert words.masked(f"you sent {secret} as application/json".encode()) == b"you sent *** as application/json"
    assert words.told(SealinkError(f"sent {secret}")).message == "sent ***"


def test_what_is_no_secret() -> None:
    headers = [
        ("authorization", "Bearer short"),
        ("user-agent", "sealink/1.2.3.4.5.6"),
        ("x-monkey", "abcdefghijklmno"),
    ]
    words = UpstreamWords(PROVIDER, "http://x/v1?api-version=2024-10-21-long&key=thirteen-chars", headers)
    said = b"short sealink/1.2.3.4.5.6 abcdefghijklmno 2024-10-21-long"
    assert words.masked(said + b" thirteen-chars") == said + b" ***"


@pytest.mark.parametrize(
    ("base_url", "path", "url"),
    [
        ("http://x/v1", "/chat", "http://x/v1/chat"),
        ("http://x/v1/", "/chat", "http://x/v1/chat"),
        ("http://x/d?api-version=1", "/chat", "http://x/d/chat?api-version=1"),
        ("http://x/d/?api-version=1", "/chat", "http://x/d/chat?api-version=1"),
        ("http://x?a=1&b=2", "/m:stream?alt=sse", "http://x/m:stream?a=1&b=2&alt=sse"),
        ("http://x?alt=json&b=2", "/m:stream?alt=sse", "http://x/m:stream?b=2&alt=sse"),
        ("http://x?", "/m", "http://x/m"),
    ],
)
def test_the_query_of_an_address_stands_behind_the_path(base_url: str, path: str, url: str) -> None:
    assert joined_url(base_url, path) == url


@pytest.mark.parametrize("ends_itself", [True, False])
def test_a_key_is_masked_in_an_error_event_behind_content_of_a_response(ends_itself: bool) -> None:
    created = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}
    delta = {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": KEY}
    wrong = {"type": "error", "code": "server_error", "message": f"Wrong: {KEY}", "param": None, "sequence_number": 3}
    failure = {"status": "failed", "error": {"code": "server_error", "message": f"Wrong: {KEY}"}}
    events = [created, delta, wrong, {"type": "response.failed", "response": failure}]
    head = openai_responses.CLIENT.parse_head(b'{"model":"m","input":"hi","stream":true}', {})
    lane = Lane(openai_responses.UPSTREAM.framer(), openai_responses.UPSTREAM.passthrough(head))
    lane.words = UpstreamWords(PROVIDER, "http://x/v1", [("authorization", f"Bearer {KEY}")])
    frames = [
        lane.feed(event_frame(str(event["type"]).encode(), json.dumps(event).encode()))
        for event in (events if ends_itself else events[:-1])
    ]
    ending = b"".join(frames[2:]) + lane.close(None)
    assert KEY.encode() in b"".join(frames[:2])
    assert b"operators" not in ending
    assert [ending.count(b"event: error"), ending.count(b"event: response.failed")] == [1, 1]
