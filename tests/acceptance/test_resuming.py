"""A detached stream is taken up again where its connection was lost.

Through the real process with a plain HTTP client, which loses its connection at any byte, a character's or a frame's
own ones included. The upstream says the same each time, so what the pieces make must be what an undisturbed client got.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from acceptance.house import House, config_of, house
from acceptance.made_streams import MADE, begin_of
from acceptance.plain_http import frames_of
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import settled_rows
from replay import Answer, ReplayingUpstream, Request

DETACHING = "sk-sealink-detaching"
TABLES = f'[[keys]]\nname = "detaching"\nkey = "{DETACHING}"\non_disconnect = "detach"'

TEXTS = [f"wave {n}, très salée 🌊 " for n in range(60)]
BODIES = {dialect: make(TEXTS) for dialect, make in MADE.items()}
PACE_S = 0.003
STREAMS = 20
LONGEST_PIECE = 4000
HELD = "held"
PATIENCE_S = 20


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("resuming")
    with house(answer, {HELD: "openai", **{dialect: dialect for dialect in MADE}}, folder, tables=TABLES) as it:
        yield it


def answer(request: Request) -> Answer:
    if request.model == HELD:
        return Answer(BODIES["openai"], held_at=begin_of(TEXTS[9], BODIES["openai"]))
    body = BODIES[request.model]
    return Answer(body, sizes=[len(frame) + 2 for frame in body.split(b"\n\n")][:-1], pace_s=PACE_S)


@pytest.mark.parametrize("dialect", MADE)
def test_the_pieces_make_what_an_undisturbed_client_got(
    running: House, dialect: str, report: Callable[[str], None]
) -> None:
    port = running.sealink.port
    undisturbed = begin(port, dialect).read()
    with ThreadPoolExecutor(STREAMS) as pool:
        streams = list(pool.map(lambda seed: put_together(port, dialect, random.Random(seed)), range(STREAMS)))
    report(
        f"{dialect} upstream: {STREAMS} streams of {len(undisturbed)} bytes, their connections lost "
        f"{sum(losses for _, losses in streams)} times, and taken up again"
    )
    assert all(losses for _, losses in streams)
    assert {untimed(body) for body, _ in streams} == {untimed(undisturbed)}
    assert all(text in "".join(texts_of(undisturbed)) for text in TEXTS)


def put_together(port: int, model: str, dice: random.Random) -> tuple[bytes, int]:
    """What a client has got in the end, and how often it lost its connection."""
    answer, body, losses = begin(port, model), b"", 0
    stream_id = answer.headers["x-sealink-stream-id"]
    while True:
        length = dice.randint(1, LONGEST_PIECE)
        piece = answer.read(length)
        answer.close()
        body += piece
        if len(piece) < length:
            return body, losses
        losses += 1
        answer = on_stream("GET", port, f"{stream_id}?from={len(body)}")


def test_every_byte_of_a_stream_that_is_over_can_be_had_again(running: House) -> None:
    port = running.sealink.port
    first = begin(port, "openai")
    body, stream_id = first.read(), first.headers["x-sealink-stream-id"]
    for position in [0, *random.Random(7).sample(range(len(body)), 50), len(body)]:
        assert on_stream("GET", port, f"{stream_id}?from={position}").read() == body[position:]
    assert error_of(on_stream("GET", port, f"{stream_id}?from={len(body) + 1}")) == (410, "stream_gone")
    for absurd in ("-1", "1" * 19, "1" * 4301, "%D9%A3", "1e3"):
        assert error_of(on_stream("GET", port, f"{stream_id}?from={absurd}")) == (400, "invalid_type"), absurd


def test_a_stream_is_its_own_keys(running: House) -> None:
    port, stream_id = running.sealink.port, lose(begin(running.sealink.port, HELD))
    for method in ("GET", "DELETE"):
        assert error_of(on_stream(method, port, stream_id, KEY)) == (404, "stream_not_found")
        assert error_of(on_stream(method, port, stream_id, "sk-sealink-nobodys")) == (401, "invalid_api_key")
    assert on_stream("DELETE", port, stream_id).status == 204


def test_delete_closes_the_upstream(running: House) -> None:
    port = running.sealink.port
    lost = begin(port, HELD)
    before, stream_id = lost.read(1000), lose(lost)
    exchange = running.upstream.exchanges[-1]
    assert exchange.held.wait(PATIENCE_S)
    assert exchange.gone_at is None

    assert on_stream("DELETE", port, stream_id).status == 204
    running.upstream.wait(lambda: exchange.gone_at)
    body = on_stream("GET", port, stream_id).read()
    assert body.startswith(before)
    assert json.loads(frames_of(body)[-1])["error"]["code"] == "cancelled"


def test_streams_are_metered_once_and_do_not_outlive_the_process(tmp_path: Path) -> None:
    models = {HELD: "openai", **{dialect: dialect for dialect in MADE}}
    with ReplayingUpstream(answer) as upstream:
        config = config_of(upstream.url, models, "", TABLES)
        with SealinkProcess(config, tmp_path) as sealink:
            ids = {model: lose(begin(sealink.port, model)) for model in models}
            assert on_stream("DELETE", sealink.port, ids[HELD]).status == 204
            for stream_id in [*ids.values(), *ids.values()]:
                assert len(on_stream("GET", sealink.port, f"{stream_id}?from=10").read()) > 0
        with SealinkProcess(config, tmp_path) as sealink:
            for stream_id in ids.values():
                assert error_of(on_stream("GET", sealink.port, stream_id)) == (404, "stream_not_found")
        _, rows = settled_rows(tmp_path)
    settled = {row["request_id"]: (row["ended"], row["usage_source"], row["output_tokens"]) for row in rows}
    assert len(settled) == len(rows) == len(models)
    assert settled[ids[HELD]][:2] == ("cancelled", "estimated")
    assert {settled[ids[dialect]] for dialect in MADE} == {("detached", "provider", len(TEXTS))}


def lose(answer: HTTPResponse) -> str:
    """Lose the connection right behind the headers. The id of the stream."""
    answer.close()
    return answer.headers["x-sealink-stream-id"]


def begin(port: int, model: str) -> HTTPResponse:
    request = {"model": model, "messages": [{"role": "user", "content": "Sing of the sea."}], "stream": True}
    return exchange("POST", port, "/v1/chat/completions", DETACHING, json.dumps(request))


def on_stream(method: str, port: int, which: str, key: str = DETACHING) -> HTTPResponse:
    return exchange(method, port, f"/v1/streams/{which}", key)


def exchange(method: str, port: int, path: str, key: str, body: str | None = None) -> HTTPResponse:
    """The answer as far as its headers. The connection is the answer's own: closed with it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request(method, path, body, {"authorization": f"Bearer {key}", "connection": "close"})
    return connection.getresponse()


def error_of(answer: HTTPResponse) -> tuple[int, str]:
    return answer.status, json.loads(answer.read())["error"]["code"]


def untimed(body: bytes) -> bytes:
    """Without the one thing that is a request's own: a translated answer was `created` when it was asked for."""
    return re.sub(rb'"created":\d{10}', b"", body)


def texts_of(body: bytes) -> list[str]:
    chunks = [json.loads(frame) for frame in frames_of(body) if frame != b"[DONE]"]
    return [choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]]
