"""Many streams through providers that fail in every way, with clients that leave early: nothing is lost or left over.

A short run by default; `make test-full` runs the 10,000 streams of the acceptance test (some minutes).
"""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import settled_rows
from sealink.app import App
from sealink.config import Config, load
from waiting import until

STREAMS, STREAMS_IN_FULL = 500, 10_000
AT_ONCE = 60
LEAVING = 0.2
PROBABILITY = 0.02
RSS_GROWTH, RSS_GROWTH_IN_FULL = 0.5, 0.05
"""From the third quarter to the last one, each one's lowest: frames of 10 MB are on their way now and then.
A short run still allocates for the first time there."""
SAMPLES = 100
PATIENCE_S = 60.0
SETTLED_S = 10.0
STORE_FILES = 6
"""The database with its two side files, and the journal: opened with the first request."""

FAULTS = [
    *("stall@headers", "stall@0", "stall", "close@headers", "close@0", "close", "reset@headers", "reset@0", "reset"),
    *("end@0", "end", "error@0", "error", "garbage@headers", "garbage@0", "garbage", "bad-json@0", "bad-json"),
    *("half-utf8@0", "half-utf8", "endless@0", "endless", "long-frame", "truncate=100", "truncate=2000"),
    *("status=429", "status=429,retry-after=60", "status=500", "status=529,retry-after=1"),
    *("one-byte", "crlf", "gzip", "gzip-unnamed", "no-end-mark", "no-finish", "double-usage"),
]
"""Those of one kind share the probability."""

CONFIG = """
[timeouts]
connect_s = 5
first_content_s = 2
idle_s = 2
total_s = 6

[retry]
first_delay_s = 0.02

[[keys]]
name = "tests"
key = "{key}"
{providers}
[[models]]
id = "one"
targets = [{{ provider = "first", model = "m" }}]

[hedge]
max_share = 0.2

[[models]]
id = "two"
hedge_after_s = 0.05
targets = [{{ provider = "first", model = "m" }}, {{ provider = "second", model = "m" }}]
"""


@dataclass
class Stream:
    """One stream as its client lived it. `leaves_after_s`: for a client with little patience."""

    number: int
    leaves_after_s: float | None
    has_head: bool = False
    has_left: bool = False
    told: str = "nothing"

    @property
    def task_type(self) -> str:
        return f"stream {self.number}"


@pytest.mark.timeout(1800)
def test_nothing_is_lost_and_nothing_is_left(tmp_path: Path, full: bool, report: Callable[[str], None]) -> None:
    dice = random.Random(3)
    number = STREAMS_IN_FULL if full else STREAMS
    streams = [Stream(n, dice.uniform(0, 0.5) if dice.random() < LEAVING else None) for n in range(number)]
    with ExitStack() as stack:
        addresses = [stack.enter_context(provider(seed)) for seed in (1, 2)]
        sealink = stack.enter_context(SealinkProcess(config_of(addresses), tmp_path))
        sockets, files = len(sealink.sockets), sealink.open_files
        began = time.monotonic()
        rss = asyncio.run(live_all(sealink.port, streams, lambda: sealink.rss_bytes))
        took_s = time.monotonic() - began
        ports = [int(address.rpartition(":")[2]) for address in addresses]
        until(
            lambda: len(sealink.sockets) - connections_to(sealink, ports) <= sockets,
            lambda: f"it never comes to rest: {names_of(sealink)}",
            within_s=SETTLED_S,
        )
        assert sealink.open_files - len(sealink.sockets) <= files - sockets + STORE_FILES, names_of(sealink)
        summary, rows = settled_rows(tmp_path)
    third, last = min(rss[SAMPLES // 2 : SAMPLES * 3 // 4]), min(rss[SAMPLES * 3 // 4 :])
    growth = last / third - 1
    report(
        f"{number} streams in {took_s:.0f} s: clients were told {dict(Counter(stream.told for stream in streams))}, "
        f"the ledger says {dict(Counter(row['ended'] for row in rows))}; "
        f"RSS {[round(each / 1e6) for each in rss[:: SAMPLES // 10]]} MB, {growth:+.1%} over the last half"
    )
    check_rows(streams, rows, summary)
    assert growth <= (RSS_GROWTH_IN_FULL if full else RSS_GROWTH)


def test_no_task_is_left(tmp_path: Path) -> None:
    """The same in one process with the test, where asyncio can be asked."""
    dice = random.Random(4)
    streams = [Stream(n, dice.uniform(0, 0.5) if dice.random() < LEAVING else None) for n in range(200)]
    with provider(3) as first, provider(4) as second:
        (tmp_path / "sealink.toml").write_text("[server]\nport = 0\n" + config_of([first, second]))
        assert asyncio.run(tasks_left(load(tmp_path / "sealink.toml"), streams)) == set()
    assert {stream.told for stream in streams if not stream.has_left} == {"whole", "error"}


async def tasks_left(config: Config, streams: list[Stream]) -> set[asyncio.Task[object]]:
    app = App(config)
    port = urlsplit(await app.start()).port
    assert port is not None
    before = asyncio.all_tasks()
    await live_all(port, streams, lambda: 0)
    deadline = time.monotonic() + SETTLED_S
    while (left := asyncio.all_tasks() - before) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await app.stop()
    return left


def check_rows(streams: list[Stream], rows: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    """What was admitted was settled and is in the store, once; and says what the client was told."""
    assert (summary["open"], summary["waiting"], summary["total"]["requests"]) == (0, 0, len(rows))
    of_stream = {row["task_type"]: row for row in rows}
    assert len(of_stream) == len(rows) == len({row["request_id"] for row in rows})
    for stream in streams:
        row = of_stream.get(stream.task_type)
        if row is None:
            assert stream.has_left and not stream.has_head, stream  # noqa: PT018  (gone before it was admitted)
        elif not stream.has_left:
            assert stream.told == ("whole" if row["ended"] == "done" else "error"), (stream, row)
            assert row["ended"] in ("done", "error", "timed_out"), row
    assert {"done", "error", "timed_out", "client_gone"} == {row["ended"] for row in rows}
    hedged = {row["model"] for row in rows if "hedge_lost" in (attempt.get("code") for attempt in row["attempts"])}
    assert hedged == {"two"}


async def live_all(port: int, streams: list[Stream], measure: Callable[[], int]) -> list[int]:
    """Live them all; returns SAMPLES of what `measure` says, in step with the streams."""
    measured = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(stream: Stream) -> None:
        async with gate:
            await asyncio.wait_for(live(port, stream), PATIENCE_S)
        if stream.number % (len(streams) // SAMPLES) == 0:
            measured.append(measure())

    await asyncio.gather(*map(one, streams))
    return measured


async def live(port: int, stream: Stream) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of(stream))
    try:
        async with asyncio.timeout(stream.leaves_after_s):
            stream.told = await read(reader, stream)
    except TimeoutError:
        stream.has_left = True
    random.choice((writer.close, writer.transport.abort))()


async def read(reader: asyncio.StreamReader, stream: Stream) -> str:
    """How a client with patience is told that it is over."""
    head = await reader.readuntil(b"\r\n\r\n")
    stream.has_head = True
    tail = b""
    while data := await reader.read(1 << 20):
        tail = (tail + data)[-4000:]
    if not head.startswith(b"HTTP/1.1 200"):
        return "error" if b'"error"' in tail else "nonsense"
    if not tail.endswith(b"\r\n0\r\n\r\n"):
        return "cut"
    frames = [frame for frame in re.split(rb"\n\n(?:\r\n[0-9a-f]+\r\n)?", tail) if frame.startswith(b"data: ")]
    if frames[-1] == b"data: [DONE]":
        return "whole"
    return "error" if frames[-1].startswith(b'data: {"error"') else "cut"


def request_of(stream: Stream) -> bytes:
    body = json.dumps(
        {
            "model": "two" if stream.number % 2 else "one",
            "messages": [{"role": "user", "content": f"Hello, number {stream.number}!"}],
            "max_tokens": 20,
            "stream": True,
            "metadata": {"task_type": stream.task_type},
        }
    )
    lines = ["POST /v1/chat/completions HTTP/1.1", "host: sealink", f"authorization: Bearer {KEY}", "connection: close"]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", body]).encode()


@contextmanager
def provider(seed: int) -> Iterator[str]:
    """A simulated provider that fails now and then, in a process of its own. Its address."""
    kinds = Counter(re.split("[=@]", fault)[0] for fault in FAULTS)
    chances = [f"--fault={fault}={PROBABILITY / kinds[re.split('[=@]', fault)[0]]:.4f}" for fault in FAULTS]
    program = Path(sys.executable).with_name("sealink")
    options = ["--port", "0", "--ttft-s", "0.01", "--tokens-per-s", "200", "--seed", str(seed), *chances]
    process = subprocess.Popen([program, "sim", *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"listens on http://(\S+)", process.stdout.readline())
        assert found is not None
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def config_of(addresses: list[str]) -> str:
    providers = "".join(
        f'\n[[providers]]\nname = "{name}"\ndialect = "openai"\nbase_url = "http://{address}/v1"\n'
        for name, address in zip(("first", "second"), addresses, strict=True)
    )
    return CONFIG.format(key=KEY, providers=providers)


def connections_to(sealink: SealinkProcess, ports: list[int]) -> int:
    """Connections that the process has to others' ports: idle ones, kept for reuse."""
    sockets, count = sealink.sockets, 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        count += int(fields[2].partition(":")[2], 16) in ports and fields[9] in sockets
    return count


def names_of(sealink: SealinkProcess) -> str:
    """What the process has open, for a person to read."""
    names = [os.readlink(fd) for fd in Path(f"/proc/{sealink.pid}/fd").iterdir()]
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{fields[9]}]": f"{fields[1]} → {fields[2]} state {fields[3]}" for fields in lines}
    return "\n".join(sockets.get(name, name) for name in names)
