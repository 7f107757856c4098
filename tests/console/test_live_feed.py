"""What the Live page is pushed: read once for all who look, and nobody waits for ever where it cannot be read."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from sealink.console.backend import Streams
from sealink.console.live_feed import LiveFeed

PATIENCE_S = 10


class Processes:
    """Counts how often it is asked what is open. The question with the number `fails_at` is not answered."""

    def __init__(self, fails_at: int = 0) -> None:
        self.asked = 0
        self._fails_at = fails_at

    def feed(self) -> LiveFeed:
        backend: Any = SimpleNamespace(streams=self._streams, refresh_s=0.01, refresh_share=1.0)
        return LiveFeed(backend)

    async def _streams(self) -> Streams:
        self.asked += 1
        if self.asked == self._fails_at:
            raise EOFError
        return Streams([], self.asked, 0)


async def several(events: AsyncIterator[bytes], number: int) -> list[bytes]:
    return [await anext(events) for _ in range(number)]


def test_all_who_look_are_told_the_same() -> None:
    async def scenario() -> None:
        processes = Processes()
        feed = processes.feed()
        first, second = feed.events(lambda: True), feed.events(lambda: True)
        await several(first, 1)
        await several(second, 1)
        async with asyncio.timeout(PATIENCE_S):
            seen, also_seen = await asyncio.gather(several(first, 3), several(second, 3))
        assert seen == also_seen
        assert processes.asked == 5

    asyncio.run(scenario())


def test_it_is_told_less_often_where_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of what reading takes says a hundredth more each time it is asked."""
    waits: list[float] = []
    ticks = itertools.count(0.0, 0.01)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def scenario() -> None:
        backend: Any = SimpleNamespace(streams=Processes()._streams, refresh_s=1.0, refresh_share=0.002)
        monkeypatch.setattr("sealink.console.live_feed.asyncio.sleep", sleep)
        monkeypatch.setattr("sealink.console.live_feed.time.thread_time", lambda: next(ticks))
        await several(LiveFeed(backend).events(lambda: True), 3)

    asyncio.run(scenario())
    assert waits == [1.0, pytest.approx(5.0)]


def test_a_session_that_ends_ends_its_events() -> None:
    async def scenario() -> list[bytes]:
        lasts = iter([True, False])
        return [event async for event in Processes().feed().events(lambda: next(lasts))]

    assert len(asyncio.run(scenario())) == 2


def test_who_looks_is_told_where_the_streams_cannot_be_read() -> None:
    async def scenario() -> None:
        feed = Processes(fails_at=3).feed()
        first, second = feed.events(lambda: True), feed.events(lambda: True)
        await several(first, 1)
        await several(second, 1)
        async with asyncio.timeout(PATIENCE_S):
            lost = await asyncio.gather(several(first, 1), several(second, 1), return_exceptions=True)
        assert [type(each) for each in lost] == [EOFError, EOFError]
        async with asyncio.timeout(PATIENCE_S):
            assert len(await several(feed.events(lambda: True), 2)) == 2

    asyncio.run(scenario())
