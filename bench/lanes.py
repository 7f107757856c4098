"""The real App between transports that are not sockets: each lane's requests, one after the other, and nothing else.

instructions.py runs this as a process of its own. A measurement begins with one mark and ends with the next: a call
of MARK, at which callgrind writes down what it has counted, or the number of calls that Python has made.
"""

import asyncio
import ctypes
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Final, Literal, NamedTuple

import live
import vendor_answers
from fake_transports import END_OF_CHUNKS, END_OF_JSON, ClientTransport, Loop

from sealink.access.configured import Configured, ConfiguredTeam
from sealink.access.keys import KeyRules, Team
from sealink.app.app import App
from sealink.config import parse
from sealink.ledger.entry import Admission, Settlement
from sealink.ledger.journal import Journal, OwnedFolder
from sealink.ledger.journal_cursor import JournalCursor
from sealink.ledger.ledger import Ledger
from sealink.limits.nodes import batch, node_counters
from sealink.net.client import warm_pool
from sealink.net.server import ServerLimits
from sealink.telemetry import log_lines, loop_lag
from sealink.usage import Usage

MARK = "getpgrp"
"""The C library's function that os.getpgrp() calls, and nothing else does."""

KEY = "bench-key"
SHORT, LONG = 10, 110
"""Chunks of a short stream and of a long one: their difference is what chunks take."""
WARM_UP, REPEATS = 20, 5
REQUESTS = {"whole": 20, "short": 20, "long": 4}
"""How many requests make one measurement."""
ROWS = 100


Besides = Literal["nothing", "observed", "limited", "shared"]


class Lane(NamedTuple):
    """Who asks, and who answers, by their dialects' names in the config; and what SeaLink does besides.

    `observed`: a log line of each request as JSON, and its spans sent to a collector. `limited`: the key, which is in
    the store, and its team have limits and budgets, counted in this machine's file; `shared`: counted in Redis.
    """

    client: str
    upstream: str
    besides: Besides = "nothing"


LANES = {
    "relay": Lane("openai", "openai"),
    "translate": Lane("openai", "anthropic"),
    "openai from responses": Lane("openai", "responses"),
    "openai from gemini": Lane("openai", "gemini"),
    "messages": Lane("anthropic", "anthropic"),
    "messages from openai": Lane("anthropic", "openai"),
    "responses": Lane("responses", "responses"),
    "responses from openai": Lane("responses", "openai"),
    "relay observed": Lane("openai", "openai", "observed"),
    "relay limited": Lane("openai", "openai", "limited"),
    "translate limited": Lane("openai", "anthropic", "limited"),
    "relay shared": Lane("openai", "openai", "shared"),
}
LEDGER = "ledger"
LIVE = "live"
"""Five browsers on the console's page of open streams (live.py)."""
UPSTREAMS = ("openai", "anthropic", "responses", "gemini")

CONFIG = """
[server]
max_loop_lag_s = 60  # under callgrind everything is late
[[prices]]
provider = "*"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 2.0
""" + "".join(
    f"""
[[providers]]
name = "{dialect}-upstream"
dialect = "{dialect}"
base_url = "http://127.0.0.1:{port}{"" if dialect in ("anthropic", "gemini") else "/v1"}"
api_key = "none"

[[models]]
id = "{dialect}"
targets = [{{ provider = "{dialect}-upstream", model = "a-model" }}]
"""
    for port, dialect in enumerate(UPSTREAMS, 1)
)

SLOWNESS = 50
"""Of a program under valgrind, about: what is done from time to time must not be done more often than otherwise, and
what is gathered for a while must be as much."""

OBSERVED = f"""
[log]
format = "json"
[traces]
endpoint = "http://127.0.0.1:9/v1/traces"
export_every_s = {5 * SLOWNESS}
"""

KEYS = f"""
[[keys]]
name = "bench"
key = "{KEY}"
"""
LIMITS: Final = ("limited", "shared")
LIMITED = f"""
[access]
poll_s = {0.5 * SLOWNESS}
[[teams]]
name = "bench"
requests_per_minute = 1000000
tokens_per_minute = 1000000000
budget_usd = 1000000.0
budget_period = "month"
"""
KEY_RULES: Final = KeyRules(
    team="bench",
    requests_per_minute=1_000_000,
    tokens_per_minute=1_000_000_000,
    concurrent_streams=1000,
    budget_usd=1_000_000.0,
    budget_period="day",
)

HERE = Path(__file__).parent
Mark = Callable[[], object]
Instrument = Callable[[bool], object]
"""Called with True before what has to be counted, and with False after it."""


class Measurement(NamedTuple):
    """`count` requests (or rows) of one kind. `calls` is 0 where they are not counted."""

    lane: str
    kind: str
    count: int
    calls: int = 0


class Calls:
    """Counts the calls of Python's and of C's functions."""

    def __init__(self) -> None:
        self.marks: list[int] = []
        self._calls = 0

    def start(self) -> None:
        sys.setprofile(self._profile)

    def mark(self) -> None:
        self.marks.append(self._calls)

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        self._calls += event in ("call", "c_call")


def main(counting: str, names: list[str]) -> None:
    """Run the lanes of these names, and print the measurements in the order of their marks."""
    calls = Calls()
    mark = calls.mark if counting == "calls" else os.getpgrp
    with tempfile.TemporaryDirectory(prefix="sealink-bench-") as name, asyncio.Runner(loop_factory=Loop) as runner:
        instrument: Instrument = bool
        if counting == "calls":
            calls.start()
        else:
            instrument = _callgrind(Path(name))
        measured = runner.run(_measure_lanes(Path(name), names, mark, instrument))
        if LEDGER in names:
            instrument(True)
            measured += _measure_ledger(Path(name), mark)
        sys.setprofile(None)
        for index, (begin, end) in enumerate(list(pairwise(calls.marks))[::2]):
            measured[index] = measured[index]._replace(calls=end - begin)
        print(json.dumps(measured), flush=True)
        os._exit(0)  # the ledger, whose thread was never started, would wait for it


def _callgrind(folder: Path) -> Instrument:
    """What switches callgrind on and off; it is off when the process starts."""
    library = folder / "callgrind.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "callgrind.c"], check=True)
    return ctypes.CDLL(str(library)).instrument


async def _measure_lanes(folder: Path, names: list[str], mark: Mark, instrument: Instrument) -> list[Measurement]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    warm_pool.SOON_S *= SLOWNESS
    Ledger.start = lambda ledger: None  # type: ignore[method-assign]  # what its thread does is a lane of its own
    loop_lag.EVERY_S *= SLOWNESS
    ServerLimits.sweep_s = SLOWNESS  # type: ignore[method-assign,assignment]
    node_counters.BEAT_S *= SLOWNESS  # type: ignore[misc]
    node_counters.LIVE_S *= SLOWNESS  # type: ignore[misc]
    batch.TELL_S *= SLOWNESS  # type: ignore[misc]
    lanes = {name: LANES[name] for name in names if name in LANES}
    measured: list[Measurement] = []
    for besides in dict.fromkeys(lane.besides for lane in lanes.values()):
        with redis_for(besides) as redis:
            _, key = await _start(folder / besides, besides, redis)
            instrument(True)
            for name, lane in lanes.items():
                if lane.besides == besides:
                    client = ClientTransport(loop)
                    for kind, count in REQUESTS.items():
                        await _measure(loop, client, lane, key, kind, mark)
                        measured += [Measurement(name, kind, count)] * REPEATS
            instrument(False)
    if LIVE in names:
        app, key = await _start(folder / LIVE, "nothing")
        instrument(True)
        measured += await _measure_live(loop, app, key, mark)
    return measured


async def _measure_live(loop: Loop, app: App, key: str, mark: Mark) -> list[Measurement]:
    loop.answer = vendor_answers.stream("openai", SHORT)[:-3]
    request = request_of(LANES["relay"], key, is_stream=True)
    measured = await live.measure(loop, app, request, REPEATS, mark)
    return [Measurement(LIVE, kind, streams) for kind, streams in measured]


async def _start(folder: Path, besides: Besides, redis: str = "") -> tuple[App, str]:
    """A SeaLink, which the loop's clients are connected to from now on, and a key."""
    folder.mkdir()
    store = f"sqlite:///{folder}/sealink.db"
    config = f'[store]\nurl = "{store}"\n{redis}{CONFIG}'
    if besides == "observed":
        log_lines.GATHER_S *= SLOWNESS
        logging.getLogger("sealink.requests").setLevel(logging.INFO)
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- it is written to until the process ends
        config += OBSERVED
    config += LIMITED if besides in LIMITS else KEYS
    key = _made_key(store) if besides in LIMITS else KEY
    app = App(parse(config, {}, folder))
    await app.start()
    await app.loaded()
    gc.freeze()
    return app, key


def _made_key(store: str) -> str:
    """The secret of a key in the store, with limits of its own and of its team."""
    from sealink.access.tables.access_store import AccessStore
    from sealink.access.tables.key_table import KeyTable

    access = AccessStore(store, Configured((), (ConfiguredTeam(Team(name="bench"), ""),)))
    _, secret = KeyTable(access).create("bench", KEY_RULES, "bench")
    access.close()
    return secret


@contextmanager
def redis_for(besides: Besides) -> Iterator[str]:
    """The table of the config that names a Redis, which is started, if it is to count."""
    if besides != "shared":
        yield ""
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="sealink-bench-redis-") as folder:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            while not _listens(port):
                time.sleep(0.05)
            yield f'[shared]\nredis_url = "redis://127.0.0.1:{port}/0"\ntimeout_s = 60\nahead_s = 10\n'
        finally:
            server.kill()
            server.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


async def _measure(loop: Loop, client: ClientTransport, lane: Lane, key: str, kind: str, mark: Mark) -> None:
    is_stream = kind != "whole"
    request = request_of(lane, key, is_stream=is_stream)
    chunks = {"short": SHORT, "long": LONG}.get(kind, 0)
    loop.answer = vendor_answers.stream(lane.upstream, chunks) if is_stream else vendor_answers.whole(lane.upstream)
    end = END_OF_CHUNKS if is_stream else END_OF_JSON
    for _ in range(WARM_UP if kind != "long" else 2):
        _check(b"".join(await client.ask(request, end)), lane, chunks)
    for _ in range(REPEATS):
        gc.collect()
        mark()
        for _ in range(REQUESTS[kind]):
            await client.ask(request, end)
        mark()


def _check(answer: bytes, lane: Lane, chunks: int) -> None:
    text = vendor_answers.DELTA if chunks else vendor_answers.TEXT
    if not answer.startswith(b"HTTP/1.1 200 ") or answer.count(text) < max(chunks, 1):
        raise SystemExit(f"{lane}: {answer.decode()}")


def request_of(lane: Lane, key: str, *, is_stream: bool) -> bytes:
    """A small request, as bench/load.c sends it."""
    fields: dict[str, object] = {"model": lane.upstream}
    if lane.client == "responses":
        fields |= {"input": "Stream a 200-word reply.", "max_output_tokens": 1024}
    else:
        fields |= {"messages": [{"role": "user", "content": "Stream a 200-word reply."}], "max_tokens": 1024}
    if is_stream:
        fields["stream"] = True
        if lane.client == "openai":
            fields["stream_options"] = {"include_usage": True}
    body = json.dumps(fields, separators=(",", ":")).encode()
    path = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}[lane.client]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _measure_ledger(folder: Path, mark: Mark) -> list[Measurement]:
    """What the ledger's thread does for each row, with SQLite."""
    from sealink.ledger.requests_table import RequestsTable

    owned = OwnedFolder.new(folder / "journal")
    journal = Journal(owned, segment_bytes=1 << 30, fsync=False)
    table = RequestsTable(f"sqlite:///{folder / 'bench.db'}", timeout_s=5)
    table.migrate()
    cursor = JournalCursor(owned)
    for repeat in range(REPEATS + 1):
        for number in range(ROWS):
            for entry in _entries(f"req_{repeat}_{number}"):
                journal.append(entry)
        gc.collect()
        if repeat:
            mark()
        cursor.advance(table, 2 * ROWS)
        if repeat:
            mark()
    return [Measurement(LEDGER, "row", ROWS)] * REPEATS


def _entries(request_id: str) -> tuple[Admission, Settlement]:
    admission = Admission(
        request_id=request_id, key="bench", model="openai", client="openai", streamed=True, started_at=1763000000.5
    )
    settlement = Settlement(
        request_id=request_id,
        provider="openai-upstream",
        served_model="a-model",
        usage=Usage(input_tokens=12, output_tokens=9),
        usage_source="provider",
        ttft_ms=123.4,
        duration_ms=2345.6,
        chunks=41,
        bytes_sent=9000,
        timeline=[("admitted", 0.0), ("first_content", 123.4), ("last_byte", 2345.6)],
    )
    return admission, settlement


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
