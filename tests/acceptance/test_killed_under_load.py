"""`kill -9` at random moments under load: what was admitted has one row, and so has what was refused.

Through the real process, with real clients; the same with the store locked for the first half. A few kills by default,
`make test-full` makes it the twenty of the acceptance test.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from acceptance.house import config_of
from acceptance.made_streams import openai_stream
from acceptance.plain_http import chat_request
from acceptance.sealink_process import SealinkProcess
from acceptance.usage_rows import Row, settled_rows
from replay import Answer, ReplayingUpstream, Request
from sqlite_lock import locked

KILLS, KILLS_IN_FULL = 3, 20
LONGEST_S = 1.0
"""How long a process may live under load before it is killed."""
AT_ONCE = 40
LEAVING = 0.2
REFUSED = 0.2
NOTICED_S = 3.0
"""A client that waited for the store would have waited for five seconds."""
SETTLED_S = 1.0
"""An answer that had ended so long before the kill was written down as done."""

TEXTS = [f"token {n} " for n in range(12)]
BODY = openai_stream(TEXTS)
ANSWER = Answer(BODY, sizes=[len(frame) + 2 for frame in BODY.split(b"\n\n")][:-1], pace_s=0.02)
NUMBERS = count()


@dataclass
class Stream:
    """One stream as its client lived it; times are of time.monotonic(). `killed_at`: when SeaLink was."""

    number: int
    leaves: bool
    is_refused: bool
    request_id: str = ""
    waited_s: float = 0.0
    whole_at: float | None = None
    cut_at: float | None = None
    killed_at: float = 0.0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["at hand", "locked for the first half"])
def test_what_was_admitted_has_one_row(tmp_path: Path, store: str, full: bool, report: Callable[[str], None]) -> None:
    kills = KILLS_IN_FULL if full else KILLS
    dice = random.Random(8)
    streams: list[Stream] = []
    admitted: set[str] = set()
    with ReplayingUpstream(answer) as upstream:
        config = config_of(upstream.url, {"m": "openai"}, "")
        with locked(tmp_path / "sealink.db") if store != "at hand" else nullcontext():
            for _ in range(kills // 2):
                streams += killed_under_load(config, tmp_path, dice, at_any_time=bool(streams))
                admitted |= admitted_in_journals(tmp_path)
        for _ in range(kills - kills // 2):
            streams += killed_under_load(config, tmp_path, dice, at_any_time=bool(streams))
            admitted |= admitted_in_journals(tmp_path)
        with SealinkProcess(config, tmp_path):
            _, rows = settled_rows(tmp_path)
    assert list((tmp_path / "sealink.db.journal").iterdir()) == []
    check(streams, admitted, rows)
    report(
        f"{kills} kills, the store {store}: {len(streams)} streams, {len(admitted)} found admitted in journals, "
        f"{sum(bool(stream.request_id) for stream in streams)} answered, {len(rows)} rows: "
        f"{dict(Counter(row['ended'] for row in rows))}; the slowest answer began after "
        f"{max(stream.waited_s for stream in streams) * 1000:.0f} ms"
    )


def check(streams: list[Stream], admitted: set[str], rows: list[Row]) -> None:
    of_request = {row["request_id"]: row for row in rows}
    of_stream = {int(row["task_type"]): row for row in rows}
    assert len(of_request) == len(of_stream) == len(rows)
    assert admitted <= of_request.keys()
    for stream in streams:
        row = of_stream.pop(stream.number, None)
        assert stream.cut_at is None or stream.cut_at >= stream.killed_at, stream
        assert stream.waited_s < NOTICED_S
        if stream.request_id:
            assert row is not None
            assert row["request_id"] == stream.request_id
        if row is not None and stream.is_refused:
            assert row["ended"] in ("refused", "killed")
            assert row["ended"] == "refused" or not stream.request_id
        elif row is not None and row["ended"] == "done":
            assert (row["usage_source"], row["output_tokens"]) == ("provider", len(TEXTS))
        elif row is not None and stream.whole_at:
            assert row["ended"] == "killed"
            assert stream.whole_at > stream.killed_at - SETTLED_S
    assert not of_stream, "rows of streams that nobody asked for"
    assert {"done", "refused", "client_gone", "killed"} == {row["ended"] for row in rows}


def answer(_: Request) -> Answer:
    return ANSWER


def killed_under_load(config: str, folder: Path, dice: random.Random, *, at_any_time: bool) -> list[Stream]:
    """Start a process on what the one before it left, and kill it among its streams; or not before one has ended."""
    with SealinkProcess(config, folder) as sealink:
        return asyncio.run(live_until_killed(sealink, dice, at_any_time=at_any_time))


async def live_until_killed(sealink: SealinkProcess, dice: random.Random, *, at_any_time: bool) -> list[Stream]:
    streams: list[Stream] = []
    first_whole = asyncio.Event()
    clients = [
        asyncio.create_task(ask_again_and_again(sealink.port, streams, dice, first_whole)) for _ in range(AT_ONCE)
    ]
    if not at_any_time:
        await first_whole.wait()
    await asyncio.sleep(dice.uniform(0, LONGEST_S))
    killed_at = time.monotonic()
    sealink.kill()
    await asyncio.gather(*clients)
    for stream in streams:
        stream.killed_at = killed_at
    return streams


async def ask_again_and_again(
    port: int, streams: list[Stream], dice: random.Random, first_whole: asyncio.Event
) -> None:
    """One stream after the other, until there is nobody there any more."""
    while True:
        stream = Stream(next(NUMBERS), leaves=dice.random() < LEAVING, is_refused=dice.random() < REFUSED)
        streams.append(stream)
        try:
            await live(port, stream)
            if stream.whole_at:
                first_whole.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            stream.cut_at = time.monotonic()
            return


async def live(port: int, stream: Stream) -> None:
    question = {
        "model": "none" if stream.is_refused else "m",
        "stream": True,
        "messages": [{"role": "user", "content": "?"}],
        "metadata": {"task_type": str(stream.number)},
    }
    asked_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(chat_request(question))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 404" if stream.is_refused else "HTTP/1.1 200")
        stream.request_id = head.partition("x-request-id: ")[2].partition("\r\n")[0]
        stream.waited_s = time.monotonic() - asked_at
        if stream.is_refused:
            return
        await reader.readuntil(TEXTS[3].encode() if stream.leaves else b"data: [DONE]\n\n\r\n0\r\n\r\n")
        stream.whole_at = None if stream.leaves else time.monotonic()
    finally:
        writer.close()


def admitted_in_journals(folder: Path) -> set[str]:
    """The requests that a dead process had let in, as far as it had not yet carried them into the store."""
    lines = [
        line for path in folder.glob("sealink.db.journal/*/*.jsonl") for line in path.read_bytes().splitlines(True)
    ]
    entries = [json.loads(line[9:]) for line in lines if line.endswith(b"\n")]
    return {entry["request_id"] for entry in entries if entry["entry"] == "admitted"}
