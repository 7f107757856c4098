"""Detached streams: what they have sent is kept for a while, so that a client that was cut off can resume them."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from sealink.amounts import Count, Delay, Size
from sealink.errors import NotFound, SealinkError, ShuttingDown
from sealink.gateway.delivery.unattended import Pace
from sealink.net.message import Responder

_PIECE_BYTES: Final = 64 * 1024


class DetachSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[detach]: how much of detached streams is kept, and for how long, under `on_disconnect = "detach"`."""

    max_bytes: Size = 4 * 1024 * 1024
    """Of one stream. What was sent before the last so many bytes is gone."""
    max_streams: Count = 1000
    """Streams at once on each process; one more is not kept."""
    linger_s: Delay = 300.0
    """How long a stream that has ended can still be read."""
    return_s: Delay = 30.0
    """How long a client has to come back before anything is gone that it has not read. A stream that nobody reads,
    drained ones included, is read as fast as it comes up to `max_bytes`, and then only so many in this time."""


class Gone(SealinkError):
    """The part of a stream that a client asks for is no longer kept."""

    status = 410
    type = "not_found_error"
    code: str | None = "stream_gone"


class DetachedStream(msgspec.Struct, frozen=True):
    """A stream as its log needs to know it: the name of its key, how to cancel it, and its dialect's error frame."""

    key: str
    cancel: Callable[[], None]
    error_frame: Callable[[SealinkError], bytes]


class StreamLog:
    """The bytes of one stream. Positions count from the stream's first byte."""

    def __init__(self, stream: DetachedStream, max_bytes: int) -> None:
        self.key = stream.key
        self.cancel = stream.cancel
        self.error_frame = stream.error_frame
        self.ended = False
        self.pace: Pace | None = None
        """The stream's, once its client has gone."""
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._dropped_bytes = 0
        self._news = asyncio.Event()

    @property
    def end(self) -> int:
        """The position after the last byte."""
        return self._dropped_bytes + len(self._kept)

    def write(self, data: bytes) -> None:
        self._kept += data
        surplus = len(self._kept) - self._max_bytes
        if surplus > self._max_bytes // 4:  # not at every write: what is kept has to be moved
            del self._kept[:surplus]
            self._dropped_bytes += surplus
        self._announce()

    def finish(self) -> None:
        """Nothing more will come, and nothing is left to cancel: the exchange need not be kept with its bytes."""
        self.ended = True
        self.cancel = _nothing_to_cancel
        self._announce()

    def read(self, position: int, at_most: int = _PIECE_BYTES) -> bytes:
        """The next bytes from `position` on. Raises Gone when some of them are no longer kept."""
        if not self._dropped_bytes <= position <= self.end:
            raise Gone(
                f"Only the bytes from {self._dropped_bytes} to {self.end} of this stream are still kept.", param="from"
            )
        begin = position - self._dropped_bytes
        data = bytes(self._kept[begin : begin + at_most])
        if self.pace is not None:
            self.pace.unread_bytes = min(self.pace.unread_bytes, self.end - position - len(data))
        return data

    async def wait(self) -> None:
        """Return when more has been written, or the stream has ended."""
        await self._news.wait()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _nothing_to_cancel() -> None: ...


async def follow(log: StreamLog, position: int, client: Responder) -> None:
    """Send a client the stream from `position` on, as it comes, at the client's own pace, up to its end.

    It ends with an error frame where the client asks for bytes that are no longer kept, or where SeaLink stops.
    """
    try:
        await _send_all(log, position, client)
    except Gone as error:
        client.write(log.error_frame(error))
    except asyncio.CancelledError:
        if not client.gone:
            client.write(log.error_frame(ShuttingDown()))
            client.finish()
        raise
    client.finish()


async def _send_all(log: StreamLog, position: int, client: Responder) -> None:
    while True:
        data = log.read(position)
        if data:
            position += len(data)
            client.write(data)
            await client.flush()
        elif log.ended:
            return
        else:
            await log.wait()


class StreamLogs:
    """The streams that can be resumed on this process, by their ids."""

    def __init__(self, settings: DetachSettings) -> None:
        self._settings = settings
        self._logs: dict[str, StreamLog] = {}

    def open(self, stream_id: str, stream: DetachedStream) -> StreamLog | None:
        """A log for a new stream; None while `max_streams` are under way."""
        if len(self._logs) >= self._settings.max_streams:
            ended = next((id for id, log in self._logs.items() if log.ended), None)
            if ended is None:
                return None
            del self._logs[ended]
        log = self._logs[stream_id] = StreamLog(stream, self._settings.max_bytes)
        return log

    def close(self, stream_id: str) -> None:
        """A stream has ended: keep its log for `linger_s` more, if anything was written."""
        log = self._logs[stream_id]
        log.finish()
        if not log.end:
            del self._logs[stream_id]
            return
        asyncio.get_running_loop().call_later(self._settings.linger_s, self._logs.pop, stream_id, None)

    def find(self, stream_id: str, key: str) -> StreamLog:
        """The log of a stream that was started with this key. Raises NotFound; for other keys' streams, too."""
        log = self._logs.get(stream_id)
        if log is None or log.key != key:
            raise NotFound(
                f"There is no stream {stream_id!r}: it has expired, or the server has restarted.",
                code="stream_not_found",
            )
        return log

    def __len__(self) -> int:
        return len(self._logs)
