"""Upstreams and clients that send without end, or what inflates: everyone else is served meanwhile, and limits hold.

While an attack goes on, /health/live is asked for all the time. How long it takes at most is how long the event loop
was held up by one turn.
"""

import gzip
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from acceptance.flooding_upstream import FloodingUpstream, Watch, chat_frame, chunk
from acceptance.house import config_of
from acceptance.plain_http import chat_request, post_chat
from acceptance.sealink_process import SealinkProcess
from acceptance.usage_rows import settled_rows

MAX_BLOCKED_S: Final = 1.0
MIB: Final = 1024 * 1024
KEYS: Final = {way: f"sk-sealink-to-{way}" for way in ("detach", "drain")}
TABLES: Final = "\n".join(
    f'[[keys]]\nname = "{way}"\nkey = "{key}"\non_disconnect = "{way}"' for way, key in KEYS.items()
)
TOTAL_S: Final = 2
KEPT_BYTES: Final = 256 * 1024

HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
GZIP: Final = HEAD + b"content-encoding: gzip\r\n\r\n"
HI: Final = chat_frame("Hi")
STOP: Final = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def whole(body: bytes) -> bytes:
    return chunk(body) + b"0\r\n\r\n"


def endless(begin: bytes, more: bytes) -> Callable[[], Iterable[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield begin
        while True:
            yield more

    return pieces


def floods(comments: int) -> dict[str, Callable[[], Iterable[bytes]]]:
    """What an upstream sends, by the model that is asked for. `comments`: how many bytes of comments, inflated."""
    comment = b":\n\n" * (comments // 3)
    answer, thinking = gzip.compress(HI + comment + STOP), gzip.compress(comment * 3)
    members = gzip.compress(b":\n\n") * (comments // 300)
    frames = chat_frame("x" * 200) * 40_000
    return {
        "plain": lambda: [HEAD + b"\r\n" + whole(HI + STOP)],
        "comments": lambda: [HEAD + b"\r\n" + whole(HI + comment + STOP)],
        "gzip": lambda: [GZIP + whole(answer)],
        "gzip in members": lambda: [GZIP + whole(gzip.compress(HI) + members + gzip.compress(STOP))],
        "gzip in bits": lambda: [GZIP + b"".join(map(chunk, pieces_of(answer, 9))) + b"0\r\n\r\n"],
        "gzip without content": lambda: [GZIP + whole(thinking)],
        "gzip of words": lambda: [GZIP + whole(gzip.compress(frames))],
        "trailer": endless(HEAD + b"\r\n" + chunk(HI) + b"0\r\nx: ", b"a" * 65536),
        "words": endless(HEAD + b"\r\n", chunk(HI) * 300),
        "notes": endless(HEAD + b"\r\n" + chunk(HI), chunk(b":\n\n" * 5000)),
        "zeros": endless(GZIP + chunk(gzip.compress(HI)), chunk(gzip.compress(b":\n\n" * 300_000))),
    }


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@contextmanager
def flooded(folder: Path, comments: int, timers: str = "") -> Iterator[SealinkProcess]:
    sent = floods(comments)
    tables = f"{TABLES}\n[detach]\nmax_bytes = {KEPT_BYTES}\nreturn_s = 10\n{timers}"
    models = dict.fromkeys(sent, "openai")
    with (
        FloodingUpstream(sent) as upstream,
        SealinkProcess(config_of(upstream.url, models, "drain_s = 1", tables), folder) as sealink,
    ):
        post_chat(sealink.port, question("plain"))
        settled_rows(folder)  # what the first answer needs, such as a tokenizer, is not an attack's
        yield sealink


@pytest.fixture(scope="module")
def running(full: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with flooded(tmp_path_factory.mktemp("floods"), 10_000_000 if full else 1_000_000) as it:
        yield it


def question(model: str) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}


@contextmanager
def attack(sealink: SealinkProcess, name: str, max_growth_bytes: int, report: Callable[[str], None]) -> Iterator[None]:
    """Others are served, and memory is bounded, while this goes on."""
    before = sealink.rss_bytes
    with Watch(sealink.url) as watch:
        yield
        watch.once_more()
        growth = sealink.rss_bytes - before
    report(f"{name}: health took {watch.longest_s:.3f} s at most, RSS {growth / MIB:+.0f} MiB")
    assert watch.answers
    assert watch.longest_s < MAX_BLOCKED_S
    assert growth < max_growth_bytes


@pytest.mark.parametrize("name", ["comments", "gzip", "gzip in members", "gzip in bits"])
def test_an_answer_that_inflates(running: SealinkProcess, name: str, report: Callable[[str], None]) -> None:
    with attack(running, name, 16 * MIB, report):
        answer = post_chat(running.port, question(name))
    assert answer.status == 200
    assert b'"Hi"' in answer.body
    assert answer.body.endswith(b"data: [DONE]\n\n")


def test_an_answer_that_never_comes_to_its_content(tmp_path: Path, report: Callable[[str], None]) -> None:
    with (
        flooded(tmp_path, 1_000_000, "[upstream]\nmax_before_content_bytes = 500_000") as sealink,
        attack(sealink, "no content", 16 * MIB, report),
    ):
        answer = post_chat(sealink.port, question("gzip without content"))
    assert answer.status == 502
    assert answer.json["error"]["code"] == "upstream_too_large"


def test_an_answer_with_an_endless_trailer(running: SealinkProcess, report: Callable[[str], None]) -> None:
    with attack(running, "trailer of an answer", 8 * MIB, report):
        answer = post_chat(running.port, question("trailer"))
        time.sleep(0.1)
    assert b'"upstream_malformed"' in answer.body


def test_a_request_with_an_endless_trailer(running: SealinkProcess, report: Callable[[str], None]) -> None:
    sealink = running
    head, _, body = chat_request(question("plain")).partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    begin = b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""]) + chunk(body) + b"0\r\nx: "
    with (
        attack(sealink, "trailer of a request", 8 * MIB, report),
        socket.create_connection(("127.0.0.1", sealink.port), 10) as client,
    ):
        client.sendall(begin)
        sent = 0
        while not select.select([client], [], [], 0)[0]:
            client.sendall(b"a" * 65536)
            sent += 65536
            assert sent < 64 * MIB
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("name", ["gzip of words", "words"])
def test_total_s_holds_for_a_client_that_hardly_reads(name: str, tmp_path: Path) -> None:
    with (
        flooded(tmp_path, 1000, f"[timeouts]\ntotal_s = {TOTAL_S}") as sealink,
        socket.create_connection(("127.0.0.1", sealink.port), 10) as client,
    ):
        client.sendall(chat_request(question(name)))
        begun = time.monotonic()
        while time.monotonic() < begun + TOTAL_S + 1:
            client.recv(100)
            time.sleep(0.05)
        _, rows = settled_rows(tmp_path)
    assert [(row["ended"], row["code"]) for row in rows if row["model"] == name] == [("timed_out", "total")]


def leave(port: int, model: str, key: str) -> None:
    """Ask, read the first words, and go."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(chat_request(question(model), key))
        client.recv(100)


@pytest.mark.serial
def test_streams_without_clients_at_full_speed(full: bool, tmp_path: Path, report: Callable[[str], None]) -> None:
    """Detached and drained ones, of words, of comments, and compressed; then SIGTERM."""
    streams = 20 if full else 4
    with flooded(tmp_path, 1000) as sealink:
        kept = streams * 3 * 3 * KEPT_BYTES  # logs, and what waits for them
        with attack(sealink, f"{6 * streams} streams without clients", kept + 32 * MIB, report):
            for _ in range(streams):
                for key in KEYS.values():
                    for model in ("words", "notes", "zeros"):
                        leave(sealink.port, model, key)
            time.sleep(10 if full else 2)
        begun = time.monotonic()
        sealink.terminate()
        sealink.wait()
        report(f"SIGTERM: ended in {time.monotonic() - begun:.1f} s (drain_s = 1)")
    assert time.monotonic() - begun < 10
    _, rows = settled_rows(tmp_path)
    assert len(rows) == 6 * streams + 1
