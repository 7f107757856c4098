"""What the Live page is pushed: read once for all who look, as the same bytes, and nobody waits where it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from sealink.admin.sessions import Sessions
from sealink.console.live_feed import LiveFeed
from sealink.http import RequestContext
from sealink.net.message import Request, ResponseOwner

PATIENCE_S = 10


class Browser:
    """A responder that keeps what is written to it."""

    def __init__(self, *, is_chunked: bool = True) -> None:
        self.is_chunked = is_chunked
        self.paused = self.has_ended = False
        self.status = 0
        self.written: list[bytes] = []
        self.bug: Exception | None = None
        self.let_gone = asyncio.Event()
        self._news = asyncio.Event()
        self.owner: ResponseOwner | None = None

    def hold(self, owner: ResponseOwner) -> None:
        self.owner = owner

    def start(self, status: int, headers: object) -> None:
        self.status = status

    def send(self, status: int, headers: object, body: bytes) -> None:
        self.status = status

    def write(self, data: bytes) -> bool:
        self.written.append(data)
        self._news.set()
        return True

    def write_chunk(self, chunk: bytes, size: int) -> bool:
        head, _, rest = chunk.partition(b"\r\n")
        assert int(head, 16) == size == len(rest) - 2
        return self.write(chunk)

    def finish(self) -> None:
        self.has_ended = True

    def let_go(self, bug: Exception | None = None) -> None:
        self.bug = bug
        self.let_gone.set()

    async def told(self, times: int) -> list[bytes]:
        """What is written, once that is so often."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.written) < times:
                self._news.clear()
                await self._news.wait()
        return self.written[:times]


class Console:
    """A feed, and how it has asked for the open streams. The question with the number `fails_at` is not answered."""

    def __init__(self, fails_at: int = 0) -> None:
        self.asked: list[str] = []
        self.sessions = Sessions("session", 3600)
        self.number = self.sessions.open("console")
        self._fails_at = fails_at
        self.live: Callable[[str], list[bytes] | Awaitable[list[bytes]]] = self._live
        backend: Any = SimpleNamespace(live=lambda which: self.live(which), sessions=self.sessions, refresh_s=0.01)
        self.feed = LiveFeed(backend)

    def _live(self, length: str) -> list[bytes]:
        self.asked.append(length)
        if len(self.asked) == self._fails_at:
            raise EOFError
        return [b"[%d]" % len(self.asked), b"[0]"]

    def open(self, browser: Any, *, method: str = "GET", cookie: str | None = None) -> None:
        cookie = f"session={self.number}" if cookie is None else cookie
        request = Request(method, "/live/events", "", {"cookie": cookie})
        self.feed.answer(request, browser, RequestContext("req_1", lambda error: None))


def test_all_who_look_are_told_the_same_bytes_and_everything_when_one_comes() -> None:
    async def scenario() -> None:
        console, first, second = Console(), Browser(), Browser()
        console.open(first)
        (event,) = await first.told(1)
        assert event == b"11\r\ndata: [[1],[0]]\n\n\r\n"
        console.open(second)
        await first.told(4)
        assert len(second.written) == len(first.written) - 1
        assert all(one is other for one, other in zip(first.written[1:], second.written, strict=True))
        assert console.asked[:4] == ["whole", "whole", "short", "short"]

    asyncio.run(scenario())


def test_nothing_is_read_while_nobody_looks() -> None:
    async def scenario() -> None:
        console, first, second = Console(), Browser(), Browser()
        console.open(first)
        await first.told(1)
        assert first.owner is not None
        first.owner.client_gone()
        asked = len(console.asked)
        assert first.let_gone.is_set()
        await asyncio.sleep(0.03)  # three times as long as it is between two events
        assert len(console.asked) == asked
        console.open(second)
        assert await second.told(1)

    asyncio.run(scenario())


def test_one_that_reads_slowly_holds_nobody_up() -> None:
    async def scenario() -> None:
        console, slow, fast = Console(), Browser(), Browser()
        console.open(slow)
        console.open(fast)
        await fast.told(1)
        slow.paused = True
        before = len(slow.written)
        await fast.told(3)
        assert len(slow.written) == before
        slow.paused = False
        await slow.told(before + 1)

    asyncio.run(scenario())


def test_an_older_client_is_told_without_chunks() -> None:
    async def scenario() -> None:
        console, browser = Console(), Browser(is_chunked=False)
        console.open(browser)
        assert await browser.told(1) == [b"data: [[1],[0]]\n\n"]

    asyncio.run(scenario())


def test_a_session_that_ends_ends_its_events() -> None:
    async def scenario() -> None:
        console, ended, other = Console(), Browser(), Browser()
        console.open(ended)
        console.open(other, cookie=f"session={console.sessions.open('other')}")
        await ended.told(1)
        console.sessions.close(console.number)
        async with asyncio.timeout(PATIENCE_S):
            await ended.let_gone.wait()
        assert ended.has_ended
        await other.told(len(other.written) + 1)
        assert not other.has_ended

    asyncio.run(scenario())


def test_who_has_no_session_is_sent_to_sign_in_and_a_head_ends() -> None:
    async def scenario() -> None:
        console, stranger, head = Console(), Browser(), Browser()
        console.open(stranger, cookie="session=invented")
        console.open(head, method="HEAD")
        assert (stranger.status, head.status) == (303, 200)
        assert stranger.owner is head.owner is None

    asyncio.run(scenario())


def test_who_looks_is_cut_off_where_the_streams_cannot_be_read_and_may_come_again() -> None:
    async def scenario() -> None:
        console, first, second, third = Console(fails_at=2), Browser(), Browser(), Browser()
        console.open(first)
        console.open(second)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(first.let_gone.wait(), second.let_gone.wait())
        assert [type(each.bug) for each in (first, second)] == [EOFError, EOFError]
        console.open(third)
        assert len(await third.told(2)) == 2

    asyncio.run(scenario())


def test_one_that_comes_while_other_processes_are_asked_is_told_all_by_the_next() -> None:
    async def scenario() -> None:
        console, first, second = Console(), Browser(), Browser()
        asked, answered = asyncio.Event(), asyncio.Event()

        async def live(length: str) -> list[bytes]:
            console.asked.append(length)
            asked.set()
            await answered.wait()
            return [length.encode()]

        console.live = live
        console.open(first)
        await asked.wait()
        console.open(second)
        answered.set()
        assert await first.told(3) == [b"f\r\ndata: [whole]\n\n\r\n"] * 2 + [b"f\r\ndata: [short]\n\n\r\n"]
        assert second.written == first.written[1:]

    asyncio.run(scenario())
