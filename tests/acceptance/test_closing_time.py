"""The upstream is closed when a client leaves, however many others go on.

500 streams are open all the time, while other clients come and leave: in the middle, or before the first byte. When its
connection was closed is told by the upstream, a process of its own: time.monotonic() is the whole machine's.
"""

import asyncio
import heapq
import json
import multiprocessing
import random
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from acceptance.house import config_of
from acceptance.made_streams import openai_stream
from acceptance.plain_http import chat_request
from acceptance.sealink_process import SealinkProcess

OPEN, LEAVING, LEAVES = 500, 30, 500
"""Streams that go on, clients at once that are going to leave, and how often one of these leaves."""
NOTICED_S = 5.0
"""Without being told to, the upstream's streams would never end. How soon they are closed is reported."""
LONGEST_S = 0.6
"""How long a client stays that leaves. Its headers come after up to PACE_S, its first content PACE_S later."""
PACE_S, TURNS = 0.2, 20
PATIENCE_S = 30

ROLE, TOKEN = openai_stream(["token "]).split(b"\n\n")[:2]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
NUMBERS = count()


def test_the_upstream_is_closed_when_its_client_leaves(tmp_path: Path, report: Callable[[str], None]) -> None:
    dice = random.Random(5)
    with upstream_apart() as upstream:
        config = config_of(f"http://127.0.0.1:{upstream.recv()}", {"m": "openai"}, "")
        with SealinkProcess(config, tmp_path) as sealink, crowd(sealink.port) as cut_off:
            late = closing_times(leave(sealink.port, dice), upstream)
            assert cut_off == []
    median, p99 = statistics.median(late), statistics.quantiles(late, n=100)[98]
    report(
        f"{len(late)} clients left while {OPEN} streams went on, and their upstreams were closed after "
        f"{median * 1000:.1f} ms (median), {p99 * 1000:.1f} ms (p99), {max(late) * 1000:.1f} ms (slowest)"
    )
    assert max(late) < NOTICED_S


def closing_times(left_at: dict[str, float], upstream: Connection) -> list[float]:
    """In seconds, of the clients whose requests had come to the upstream before they left."""
    upstream.send("Who has gone?")
    gone_at = upstream.recv()
    late = [gone_at[user] - left for user, left in left_at.items() if user in gone_at]
    assert len(late) > 0.8 * LEAVES
    return late


def leave(port: int, dice: random.Random) -> dict[str, float]:
    """Let clients come and leave. When each of them left, by its `user`."""
    staying: list[tuple[float, str, socket.socket]] = []
    left_at = {}
    for number in range(LEAVES + LEAVING):
        if number < LEAVES:
            user = f"leaves {next(NUMBERS)}"
            heapq.heappush(staying, (time.monotonic() + dice.uniform(0, LONGEST_S), user, ask(port, user)))
        if number >= LEAVING:
            until, user, client = heapq.heappop(staying)
            time.sleep(max(0, until - time.monotonic()))
            left_at[user] = time.monotonic()
            client.close()
    return left_at


@contextmanager
def crowd(port: int) -> Iterator[list[int]]:
    """Clients that stay and read, all under way. Gives the numbers of those that were cut off all the same."""
    has_begun, is_over = threading.Event(), threading.Event()
    waiting, cut_off = set(range(OPEN)), list[int]()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for number in range(OPEN):
            client = stack.enter_context(ask(port, f"stays {number}"))
            selector.register(client, selectors.EVENT_READ, number)

        def read_on() -> None:
            while not is_over.is_set():
                for key, _ in selector.select(timeout=0.1):
                    client = key.fileobj
                    assert isinstance(client, socket.socket)
                    if not client.recv(65536):
                        cut_off.append(key.data)
                        selector.unregister(client)
                    waiting.discard(key.data)
                if not waiting:
                    has_begun.set()

        reader = threading.Thread(target=read_on)
        reader.start()
        try:
            assert has_begun.wait(PATIENCE_S)
            yield cut_off
        finally:
            is_over.set()
            reader.join()


def ask(port: int, user: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    client.sendall(
        chat_request({"model": "m", "stream": True, "messages": [{"role": "user", "content": "?"}], "user": user})
    )
    return client


# The upstream: a request on each connection, then token after token for as long as it is there.


@contextmanager
def upstream_apart() -> Iterator[Connection]:
    """It says its port and, whenever it is asked, who has gone when, once the crowd alone is left."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=run_upstream, args=(its,))
    process.start()
    its.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(10)
    assert process.exitcode == 0


def run_upstream(test: Connection) -> None:
    asyncio.run(be_upstream(test))


async def be_upstream(test: Connection) -> None:
    wires: set[Wire] = set()
    gone_at: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(wires, gone_at), "127.0.0.1", 0, backlog=1024)
    test.send(server.sockets[0].getsockname()[1])
    for turn in count():
        for wire in list(wires)[turn % TURNS :: TURNS]:
            wire.go_on()
        await asyncio.sleep(PACE_S / TURNS)
        if len(wires) <= OPEN and test.poll():
            try:
                test.recv()
            except EOFError:
                return
            test.send(gone_at)


class Wire(asyncio.Protocol):
    def __init__(self, wires: set["Wire"], gone_at: dict[str, float]) -> None:
        self.wires, self.gone_at = wires, gone_at
        self.user, self.next = "", HEAD + chunk(ROLE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.user = json.loads(data.partition(b"\r\n\r\n")[2])["user"]
        self.wires.add(self)

    def eof_received(self) -> None:
        self.gone_at.setdefault(self.user, time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone_at.setdefault(self.user, time.monotonic())
        self.wires.discard(self)

    def go_on(self) -> None:
        self.transport.write(self.next)
        self.next = chunk(TOKEN)


def chunk(frame: bytes) -> bytes:
    return b"%x\r\n%b\n\n\r\n" % (len(frame) + 2, frame)
