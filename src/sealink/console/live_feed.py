"""What the Live page is pushed: the open streams, read once for all browsers that look, and only while any does.

Where there are so many that reading them takes long, they are read less often."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import msgspec

from sealink.console.backend import Backend, Streams


class LiveFeed:
    """Asks for the open streams every `refresh_s` seconds while there is somebody to tell; less often where that would
    take more than `refresh_share` of the process's time."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._next: asyncio.Task[bytes] | None = None
        self._took_s = 0.0

    async def events(self, goes_on: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Server-sent events, the first at once, until the browser leaves, `goes_on` says no, or the streams cannot be
        asked for: then the browser comes again."""
        yield _event(await self._backend.streams())
        while goes_on():
            yield await asyncio.shield(self._news())

    def _news(self) -> asyncio.Task[bytes]:
        """What is read next, for all who wait for it: who asks first has it read."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._read())
        return self._next

    async def _read(self) -> bytes:
        await asyncio.sleep(max(self._backend.refresh_s, self._took_s / self._backend.refresh_share))
        begun_s = time.thread_time()
        event = _event(await self._backend.streams())
        self._took_s = time.thread_time() - begun_s
        return event


def _event(streams: Streams) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(streams)
