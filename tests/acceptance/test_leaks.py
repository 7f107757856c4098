"""Streams that clients abandon leave nothing behind.

2,000 streams, half of them left at a random moment: before the upstream has sent headers, before its first
token, or mid-stream. The upstream must see each of those closed at once.
"""

import asyncio
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest

from acceptance.house import House, config_of, house
from acceptance.made_streams import MADE, begin_of
from acceptance.plain_http import chat_request
from replay import Answer, Exchange, ReplayingUpstream, Request
from sealink.app import App
from sealink.config import Config, parse

STREAMS, WARM_UP, AT_ONCE = 2000, 3000, 40
MOST = 0.7
NOTICED_S = 5.0
"""How soon the upstream is closed is reported; it must not take this long."""
RSS_GROWTH_BYTES = 2 * 1024 * 1024

TEXTS = [f"token {n} " for n in range(12)]
BODIES = {dialect: make(TEXTS) for dialect, make in MADE.items()}
PACE_S = 0.004

Moment = Literal["never", "before headers", "before the first token", "mid-stream"]
MOMENTS: tuple[Moment, ...] = ("before headers", "before the first token", "mid-stream", "mid-stream")
MODELS = {f"{dialect} {moment}": dialect for dialect in MADE for moment in ("never", *MOMENTS)}


@dataclass
class Stream:
    """One stream as the client lived it. `left_at` is of time.monotonic()."""

    number: int
    dialect: str
    moment: Moment
    left_at: float = 0.0
    came: bytes = b""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(answer, MODELS, tmp_path_factory.mktemp("leaks")) as it:
        yield it


def test_no_task_is_left(tmp_path: Path) -> None:
    """The same in one process with the test, where asyncio can be asked."""
    with ReplayingUpstream(answer) as upstream:
        config = parse(config_of(upstream.url, MODELS, "port = 0"), {}, tmp_path)
        assert asyncio.run(tasks_left(config, some_streams(random.Random(4), 200))) == set()


async def tasks_left(config: Config, streams: list[Stream]) -> set[asyncio.Task[object]]:
    app = App(config)
    port = urlsplit(await app.start()).port
    assert port is not None
    before = asyncio.all_tasks()
    await live_all(port, streams)
    deadline = time.monotonic() + NOTICED_S
    while (left := asyncio.all_tasks() - before) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await app.stop()
    return left


def answer(request: Request) -> Answer:
    dialect, moment = request.model.split(" ", 1)
    body = BODIES[dialect]
    if moment == "before headers":
        return Answer(body, held_at=-1)
    if moment == "before the first token":
        return Answer(body, held_at=begin_of(TEXTS[0], body))
    return Answer(body, sizes=[len(frame) + 2 for frame in body.split(b"\n\n")][:-1], pace_s=PACE_S)


def test_nothing_leaks(running: House, report: Callable[[str], None]) -> None:
    at_rest = len(running.sealink.sockets)
    dice = random.Random(2)
    run(running, some_streams(dice, WARM_UP))  # the allocator's first helping, and the ledger's: SQLite caches 2 MB
    rss = running.sealink.rss_bytes
    streams = some_streams(dice, STREAMS)
    run(running, streams)

    running.upstream.wait(lambda: running.upstream.busy == 0)
    exchanges = {number_of(exchange): exchange for exchange in running.upstream.exchanges}
    latencies = [late for stream in streams if (late := closing_time(stream, exchanges)) is not None]
    growth = running.sealink.rss_bytes - rss
    report(
        f"{len(streams)} streams, {len(latencies)} of them seen closed upstream after the client left: median "
        f"{statistics.median(latencies) * 1000:.1f} ms, slowest {max(latencies) * 1000:.1f} ms; "
        f"RSS {growth / 1024:+.0f} KiB"
    )

    assert Counter(whole(stream) for stream in streams if stream.moment == "never") == {True: STREAMS // 2}
    assert len(latencies) > MOST * STREAMS / 2  # some leave before their request has reached the upstream
    assert max(latencies) < NOTICED_S
    assert growth < RSS_GROWTH_BYTES
    # What is still open is what was open before any stream, and idle connections kept for reuse.
    running.upstream.wait(lambda: len(running.sealink.sockets) - len(running.upstream.connections) <= at_rest)


NUMBERS = count(1)


def some_streams(dice: random.Random, how_many: int) -> list[Stream]:
    """Half of them to be abandoned, half of them translated."""
    return [
        Stream(next(NUMBERS), dice.choice(list(MADE)), dice.choice(MOMENTS) if n % 2 else "never")
        for n in range(how_many)
    ]


def run(running: House, streams: list[Stream]) -> None:
    asyncio.run(live_all(running.sealink.port, streams))


async def live_all(port: int, streams: list[Stream]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(stream: Stream) -> None:
        async with gate:
            await live(port, stream)

    await asyncio.gather(*map(one, streams))


async def live(port: int, stream: Stream) -> None:
    """Ask, read for as long as this client cares to, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes(stream))
    if stream.moment == "never":
        stream.came = await reader.readuntil(b"\r\n0\r\n\r\n")
    elif stream.moment == "mid-stream":
        await reader.readuntil(random.choice(TEXTS[: len(TEXTS) // 2]).encode())
    else:
        await asyncio.sleep(random.uniform(0.002, 0.04))
    stream.left_at = time.monotonic()
    random.choice((writer.close, writer.transport.abort))()


def request_bytes(stream: Stream) -> bytes:
    question = [{"role": "user", "content": f"stream number {stream.number}."}]
    return chat_request({"model": f"{stream.dialect} {stream.moment}", "stream": True, "messages": question})


def number_of(exchange: Exchange) -> int:
    found = re.search(rb"stream number (\d+)\.", exchange.request.body)
    assert found is not None
    return int(found[1])


def closing_time(stream: Stream, exchanges: dict[int, Exchange]) -> float | None:
    """Seconds from the client's leaving to the upstream's seeing it; None where there was nothing to see any more."""
    exchange = exchanges.get(stream.number)
    if stream.moment == "never" or exchange is None or exchange.gone_at is None:
        return None
    return exchange.gone_at - stream.left_at


def whole(stream: Stream) -> bool:
    return b"data: [DONE]\n\n" in stream.came and all(text.encode() in stream.came for text in TEXTS)
