"""What the Live page is pushed: the open streams, read once for all browsers that look, and only while any does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from sealink.console.backend import Backend, Streams
from sealink.gateway.open_exchanges import OpenStream


def shown(streams: Streams) -> dict[str, Any]:
    """The streams as the page's script takes them."""
    return {"streams": [_row(each) for each in streams.listed], "total": streams.streams, "others": streams.others}


def _row(stream: OpenStream) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(stream)
    return {**row, "tokens_per_s": stream.tokens_per_s}


class LiveFeed:
    """Asks for the open streams every `refresh_s` seconds while there is somebody to tell."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._next: asyncio.Task[bytes] | None = None

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
        await asyncio.sleep(self._backend.refresh_s)
        return _event(await self._backend.streams())


def _event(streams: Streams) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(shown(streams))
