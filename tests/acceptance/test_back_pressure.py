"""A client that hardly reads stops its upstream, and loses nothing.

What SeaLink holds is what the upstream has got rid of, less what the client has taken, less what lies in
the kernel's socket buffers, which /proc/net/tcp tells.
"""

import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acceptance.house import House, house
from acceptance.made_streams import MADE
from acceptance.plain_http import chat_request, dechunked, frames_of
from acceptance.usage_rows import settled_rows
from replay import Answer, Request

STREAM_BYTES, STREAM_BYTES_IN_FULL = 10_000_000, 50_000_000
LIMIT_BYTES = 1024 * 1024
RSS_GROWTH_BYTES = 2 * LIMIT_BYTES  # the allocator takes more than it is asked for
BYTES_PER_S = 1024
SLOW_S, SLOW_S_IN_FULL = 2, 5
SMALL_BUFFER = 8 * 1024


@pytest.fixture(scope="module")
def texts(full: bool) -> list[str]:
    return [f"{n:06} " + "x" * 900 for n in range((STREAM_BYTES_IN_FULL if full else STREAM_BYTES) // 900)]


@pytest.fixture(scope="module")
def bodies(texts: list[str]) -> dict[str, bytes]:
    return {dialect: make(texts) for dialect, make in MADE.items()}


@pytest.fixture(scope="module")
def running(bodies: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    def answer(request: Request) -> Answer:
        return Answer(bodies[request.model], sizes=[64 * 1024])

    models = {dialect: dialect for dialect in MADE}
    with house(answer, models, tmp_path_factory.mktemp("back-pressure"), send_buffer_bytes=SMALL_BUFFER) as it:
        yield it


@pytest.mark.parametrize("dialect", MADE)
def test_a_slow_client_is_waited_for(
    running: House, dialect: str, texts: list[str], bodies: dict[str, bytes], full: bool, report: Callable[[str], None]
) -> None:
    assert len(bodies[dialect]) > 5 * LIMIT_BYTES
    ask(running.sealink.port, dialect).read_whole()  # what a stream needs at its fastest is not what a slow one costs
    settled_rows(running.sealink.folder)  # nor what is loaded while SeaLink runs already: SQLAlchemy, the prices
    before = running.sealink.rss_bytes

    client = ask(running.sealink.port, dialect)
    held = []
    for _ in range(SLOW_S_IN_FULL if full else SLOW_S):
        client.read(BYTES_PER_S)
        time.sleep(1)
        held.append(running.upstream.exchanges[-1].sent - client.taken - in_the_kernel(running))
    growth = running.sealink.rss_bytes - before
    body = client.read_whole()

    report(f"{dialect} upstream, a client at {BYTES_PER_S} bytes/s: RSS {growth / 1024:+.0f} KiB")
    assert growth < RSS_GROWTH_BYTES
    if dialect == "openai":  # byte for byte: what goes in comes out
        report(f"{dialect} upstream, a client at {BYTES_PER_S} bytes/s: SeaLink holds {max(held) / 1024:.0f} KiB")
        assert max(held) < LIMIT_BYTES
        assert hashlib.sha256(body).digest() == hashlib.sha256(bodies[dialect]).digest()
    assert texts_of(body) == texts


class SlowClient:
    """A client with hardly any receive buffer. `taken` counts the bytes it has read off its socket."""

    def __init__(self, port: int, request: bytes) -> None:
        self.taken = 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(request)
        self._came = bytearray()

    def read(self, count: int) -> None:
        data = self._socket.recv(count)
        self.taken += len(data)
        self._came += data

    def read_whole(self) -> bytes:
        """The body of the answer, de-chunked."""
        while not self._came.endswith(b"0\r\n\r\n"):
            before = self.taken
            self.read(256 * 1024)
            assert self.taken > before, "the connection was closed before the end of the answer"
        self._socket.close()
        _, _, rest = bytes(self._came).partition(b"\r\n\r\n")
        return b"".join(dechunked(rest))


def ask(port: int, model: str) -> SlowClient:
    request = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    return SlowClient(port, chat_request({**request, "messages": [{"role": "user", "content": "At length, please."}]}))


def in_the_kernel(running: House) -> int:
    """Bytes in the send and receive queues of all sockets of SeaLink's and the upstream's ports."""
    ports = {f":{port:04X}" for port in (running.sealink.port, running.upstream.port)}
    total = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, queues, *_ = line.split()
        if state == "01" and ports & {local[-5:], remote[-5:]}:  # 01: established
            total += sum(int(size, 16) for size in queues.split(":"))
    return total


def texts_of(body: bytes) -> list[str]:
    chunks = [json.loads(data) for data in frames_of(body) if data != b"[DONE]"]
    texts = [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]]
    return [text for text in texts if text]
