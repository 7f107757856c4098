"""More than SeaLink can do, or may hold: what is too much is refused at once and says when to come again, the rest is
answered, nothing is cut off or timed out, and each request has its row.
"""

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acceptance.house import config_of
from acceptance.plain_http import chat_request, post_chat
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import settled_rows
from sim.simulation import running_sim

STREAM: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
BURST, BURST_IN_FULL = 500, 9_000
MAX_STREAM_BYTES, REST_BYTES = 20_000, 60_000_000
MEGABYTE = 1_000_000
HEAD = f"POST /v1/chat/completions HTTP/1.1\r\nhost: sealink\r\nauthorization: Bearer {KEY}\r\n"


async def heads(port: int, asked: list[bytes]) -> list[bytes]:
    """What each of these requests is answered, all at once: up to the end, or to the end of the connection."""

    async def head(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        try:
            return await _read(reader)
        finally:
            writer.close()

    return await asyncio.gather(*map(head, asked))


async def _read(reader: asyncio.StreamReader) -> bytes:
    came = b""
    while b"data: [DONE]" not in came and b"HTTP/1.1 503" not in came[:20]:
        if not (data := await reader.read(65536)):
            break
        came += data
    return came


def statuses(answers: list[bytes]) -> Counter[str]:
    """Of whole answers, and of refusals that say when to come again."""
    counted: Counter[str] = Counter()
    for answer in answers:
        status = answer[9:12].decode()
        if status == "200":
            assert b"data: [DONE]" in answer
            assert b'"error"' not in answer
        elif status == "503":
            assert b"retry-after: 1\r\n" in answer
            assert b"x-should-retry: true\r\n" in answer
        counted[status] += 1
    return counted


def loaded_rss_bytes(sealink: SealinkProcess) -> int:
    """Its memory at rest, after a request: all that is loaded late is there."""
    assert post_chat(sealink.port, STREAM).status == 200
    settled_rows(sealink.folder)
    return sealink.rss_bytes


@pytest.mark.serial
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("server", "some_refused"),
    [("", False), ("max_requests = 100", True), ("max_loop_lag_s = 0.000001", True)],
    ids=["as it is", "few requests", "no patience"],
)
def test_a_burst_of_streams(
    tmp_path: Path, server: str, some_refused: bool, full: bool, report: Callable[[str], None]
) -> None:
    number = BURST
    if full and not some_refused:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        number = min(BURST_IN_FULL, (most - 1000) // 2)
    with running_sim() as sim, SealinkProcess(config_of(sim.url, {"m": "openai"}, server), tmp_path) as sealink:
        at_rest = loaded_rss_bytes(sealink)
        asked, counted = 0, Counter[str]()
        while not asked or (some_refused and not counted["503"]):  # a slow client's burst may not make the loop late
            counted += statuses(asyncio.run(heads(sealink.port, [chat_request(STREAM)] * number)))
            asked += number
        grown = sealink.rss_bytes - at_rest
        assert sealink.is_up
    _, rows = settled_rows(tmp_path)
    ended = Counter(row["ended"] for row in rows)
    report(
        f"{number} streams at once, {server or 'the defaults'}: {dict(counted)}, {grown / number / 1000:.0f} KB each"
    )
    assert counted.keys() <= {"200", "503"}
    assert (ended["done"], ended["refused"]) == (counted["200"] + 1, counted["503"])
    assert len(rows) == asked + 1
    assert {row["code"] for row in rows} <= {None, "overloaded"}
    assert grown < REST_BYTES + number * MAX_STREAM_BYTES
    if server == "max_requests = 100":
        assert counted["200"] >= 100


@pytest.mark.parametrize("framing", ["content-length: 1000000\r\n\r\n", "transfer-encoding: chunked\r\n\r\nf4240\r\n"])
def test_bodies_that_never_end_take_no_more_than_they_may(tmp_path: Path, framing: str) -> None:
    """Fifty clients send all of a megabyte but its last byte; there is room for ten."""
    with running_sim() as sim:
        config = config_of(sim.url, {"m": "openai"}, f"max_buffered_bytes = {10 * MEGABYTE}")
        with SealinkProcess(config, tmp_path) as sealink:
            at_rest = loaded_rss_bytes(sealink)
            asked = (HEAD + framing).encode() + b" " * (MEGABYTE - 1)

            async def attack() -> tuple[int, int]:
                connections = [await asyncio.open_connection("127.0.0.1", sealink.port) for _ in range(50)]
                for _, writer in connections:
                    writer.write(asked)
                refused = {asyncio.create_task(reader.readuntil(b"\r\n\r\n")) for reader, _ in connections}
                answered: set[asyncio.Task[bytes]] = set()
                while len(answered) < 40:
                    done, refused = await asyncio.wait(refused, return_when=asyncio.FIRST_COMPLETED)
                    answered |= done
                grown = sealink.rss_bytes - at_rest
                heads = [task.result() for task in answered]
                for task in refused:
                    task.cancel()
                for _, writer in connections:
                    writer.transport.abort()
                assert all(b"HTTP/1.1 503" in head and b"retry-after: 1\r\n" in head for head in heads)
                return len(answered), grown

            answered, grown = asyncio.run(attack())
            too_early = 0  # until it has noticed that the fifty have left
            while post_chat(sealink.port, STREAM).status == 503:
                too_early += 1
        _, rows = settled_rows(tmp_path)
    ended = Counter((row["ended"], row["code"]) for row in rows)
    assert ended.keys() == {("refused", "overloaded"), ("done", None)}
    assert ended["done", None] == 2
    # what has come of bodies that are refused a moment later takes room too: more than forty may be refused
    assert 40 <= answered <= ended["refused", "overloaded"] - too_early <= 50
    assert grown < 60 * MEGABYTE


def test_bodies_by_nobody_take_nothing(tmp_path: Path) -> None:
    """A hundred clients with a wrong key, each with as much as a body may have."""
    with running_sim() as sim, SealinkProcess(config_of(sim.url, {"m": "openai"}, ""), tmp_path) as sealink:
        at_rest = loaded_rss_bytes(sealink)
        wrong = HEAD.replace(KEY, "sk-wrong").encode()
        body = json.dumps({**STREAM, "messages": [{"role": "user", "content": "x" * 30 * MEGABYTE}]}).encode()

        async def attack() -> None:
            connections = [await asyncio.open_connection("127.0.0.1", sealink.port) for _ in range(100)]
            for _, writer in connections:
                writer.write(wrong + b"content-length: %d\r\n\r\n" % len(body) + body[:MEGABYTE])
            heads = await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader, _ in connections))
            assert all(head.startswith(b"HTTP/1.1 401") for head in heads)
            for _, writer in connections:
                writer.transport.abort()

        asyncio.run(attack())
        assert sealink.rss_bytes - at_rest < 40 * MEGABYTE
    _, rows = settled_rows(tmp_path)
    assert [row["ended"] for row in rows] == ["done"]
