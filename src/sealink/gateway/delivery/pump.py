"""Moves one stream from its upstream to its client, chunk by chunk. The lane between them rewrites the chunks."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from sealink.errors import SealinkError, UpstreamError
from sealink.gateway.delivery.stream_timers import StreamTimers
from sealink.net.message import UpstreamResponse
from sealink.wire.stream.lane import Lane


class Client(Protocol):
    """Where the stream goes: a Responder, or a ClientStream around one."""

    write: Callable[[bytes], bool]
    write_chunk: Callable[[bytes, int], bool] | None

    @property
    def paused(self) -> bool: ...
    async def flush(self) -> None: ...
    def finish(self, data: bytes = b"") -> None: ...


async def hold_until_content(upstream: UpstreamResponse, lane: Lane, max_bytes: int) -> bytes:
    """The client's bytes up to the first real content. They are held back, so that a failure can still be a status.

    Raises the SealinkError that the stream brought instead; also when it has brought frames of more than `max_bytes`
    without any content. (An unfinished frame has a limit of its own: an image may be larger.) An answer that is
    complete and empty is an answer.
    """
    held: list[bytes] = []
    size = frames = 0
    while not lane.outcome.content_started and not lane.ended:
        if size > max_bytes:
            raise UpstreamError(
                f"The upstream sent more than {max_bytes} bytes before the first content.", code="upstream_too_large"
            )
        data = await upstream.read()
        held.append(lane.feed(data) if data else lane.close(None, framed=upstream.framed))
        if lane.outcome.frames > frames:
            size, frames = size + len(data), lane.outcome.frames
    if lane.outcome.error is not None:
        raise lane.outcome.error
    return b"".join(held)


async def pump(upstream: UpstreamResponse, client: Client, lane: Lane, timers: StreamTimers) -> None:
    """Move the rest of a stream and finish the client's. While the client's buffer is full, the upstream is not read.

    While all goes well this coroutine sleeps, and `pass_on` or `move` runs in the very call that received the bytes.
    """
    passage = lane.passage
    take, heard = passage.take, timers.heard

    def pass_on(read: bytes) -> bool | None:
        write_chunk = client.write_chunk
        if write_chunk is None or not passage.is_open or not (chunk := take(read)):
            return None
        heard()
        return write_chunk(chunk, passage.size)

    def move(data: bytes) -> bool:
        timers.heard()
        out = lane.feed(data)
        if lane.ended:
            client.finish(out)
            return False
        return client.write(out)

    try:
        while not lane.ended:
            timers.resume()
            if await upstream.forward(move, pass_on):
                client.finish(lane.close(None, framed=upstream.framed))
            elif not lane.ended:  # there is no room for more
                timers.pause()
                await _flush(client, timers)
    except SealinkError as error:
        client.finish(lane.close(error))
    finally:
        passage.close()


async def _flush(client: Client, timers: StreamTimers) -> None:
    """Wait for a slow client, but not beyond the stream's time: then the upstream has failed, and reading tells so."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(timers.ends_at):
            await client.flush()
