"""What a detached stream has told its client, kept for a while so that the client can come back for it."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from sealink.amounts import Count, Delay, Size
from sealink.errors import NotFound, SealinkError, ServiceUnavailable
from sealink.net.message import Responder

_PIECE_BYTES: Final = 64 * 1024


class DetachSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of detached streams is kept, and for how long.

    `max_bytes`: of one stream; what was sent before the last so many bytes is gone. `max_streams`: at once, on
    this process. `linger_s`: how long a stream that has ended can still be read.
    """

    max_bytes: Size = 4 * 1024 * 1024
    max_streams: Count = 1000
    linger_s: Delay = 300.0


class Gone(SealinkError):
    status = 410
    type = "not_found_error"
    code: str | None = "stream_gone"


class Kept(msgspec.Struct, frozen=True):
    """A stream as its log needs to know it: whose it is, how it is ended, how an error is told in its dialect."""

    key: str
    cancel: Callable[[], None]
    error_frame: Callable[[SealinkError], bytes]


class StreamLog:
    """The bytes of one stream. Positions count from the stream's first byte."""

    def __init__(self, stream: Kept, max_bytes: int) -> None:
        self.key = stream.key
        self.cancel = stream.cancel
        self.error_frame = stream.error_frame
        self.ended = False
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._forgotten = 0
        self._news = asyncio.Event()

    @property
    def end(self) -> int:
        """The position after the last byte."""
        return self._forgotten + len(self._kept)

    def write(self, data: bytes) -> None:
        self._kept += data
        surplus = len(self._kept) - self._max_bytes
        if surplus > self._max_bytes // 4:  # not at every write: what is kept has to be moved
            del self._kept[:surplus]
            self._forgotten += surplus
        self._announce()

    def finish(self) -> None:
        """Nothing more will come, and nothing is left to cancel: the exchange need not be kept with its bytes."""
        self.ended = True
        self.cancel = _nothing
        self._announce()

    def read(self, position: int, at_most: int = _PIECE_BYTES) -> bytes:
        """The next bytes from `position` on. Raises Gone when some of them are no longer kept."""
        if not self._forgotten <= position <= self.end:
            raise Gone(f"Of this stream the bytes from {self._forgotten} to {self.end} are kept.", param="from")
        begin = position - self._forgotten
        return bytes(self._kept[begin : begin + at_most])

    async def wait(self) -> None:
        """Until more has been written, or the end."""
        await self._news.wait()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _nothing() -> None:
    """What there is to cancel of a stream that has ended."""


async def follow(log: StreamLog, position: int, client: Responder) -> None:
    """Tell a client all of a stream from `position` on, as it comes, at the client's own pace, and its end.

    It ends with an error where the client is too far behind what is kept, or where SeaLink stops.
    """
    try:
        await _tell_all(log, position, client)
    except Gone as error:
        client.write(log.error_frame(error))
    except asyncio.CancelledError:
        if not client.gone:
            client.write(log.error_frame(ServiceUnavailable("SeaLink is shutting down.", code="draining")))
            client.finish()
        raise
    client.finish()


async def _tell_all(log: StreamLog, position: int, client: Responder) -> None:
    while True:
        data = log.read(position)
        if data:
            position += len(data)
            client.write(data)
            await client.drain()
        elif log.ended:
            return
        else:
            await log.wait()


class StreamLogs:
    """The streams that can be resumed on this process, by their ids."""

    def __init__(self, settings: DetachSettings) -> None:
        self._settings = settings
        self._logs: dict[str, StreamLog] = {}

    def open(self, stream_id: str, stream: Kept) -> StreamLog | None:
        """A log for a new stream; None when there are too many that have not ended."""
        if len(self._logs) >= self._settings.max_streams:
            over = next((id for id, log in self._logs.items() if log.ended), None)
            if over is None:
                return None
            del self._logs[over]
        log = self._logs[stream_id] = StreamLog(stream, self._settings.max_bytes)
        return log

    def close(self, stream_id: str) -> None:
        """A stream has ended: keep what it said for `linger_s` more."""
        log = self._logs[stream_id]
        log.finish()
        if not log.end:
            del self._logs[stream_id]
            return
        asyncio.get_running_loop().call_later(self._settings.linger_s, self._logs.pop, stream_id, None)

    def find(self, stream_id: str, key: str) -> StreamLog:
        """The log of a stream, for the key that started it. Raises NotFound: another key's is none of its business."""
        log = self._logs.get(stream_id)
        if log is None or log.key != key:
            raise NotFound(
                f"There is no stream {stream_id!r} here: it is over for too long, or SeaLink has been restarted.",
                code="stream_not_found",
            )
        return log

    def __len__(self) -> int:
        return len(self._logs)
