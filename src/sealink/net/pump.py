"""Moving one stream from its upstream to its client. Knows bytes and timers, nothing of language models."""

import asyncio

from sealink.errors import GatewayTimeout, SealinkError
from sealink.net.message import Responder, UpstreamResponse
from sealink.wire.lanes import Lane


async def hold_until_content(upstream: UpstreamResponse, lane: Lane) -> bytes:
    """Client bytes up to the first real content, held back so that a failure before it can still be told by status.

    Raises the SealinkError that the stream brought instead. An answer that is whole and empty is an answer.
    """
    held: list[bytes] = []
    while not lane.outcome.content_started and not lane.ended:
        data = await upstream.read()
        held.append(lane.feed(data) if data else lane.close(None, framed=upstream.framed))
    if lane.outcome.error is not None:
        raise lane.outcome.error
    return b"".join(held)


async def pump(upstream: UpstreamResponse, client: Responder, lane: Lane, idle_s: float) -> None:
    """Move the rest of a stream to its end; a client that falls behind stops the reading.

    While all goes well this sleeps, and `move` runs in the very call that received the bytes.
    """
    watch = IdleWatch(upstream, idle_s)

    def move(data: bytes) -> bool:
        watch.heard()
        client.write(lane.feed(data))
        return not (lane.ended or client.paused)

    try:
        while not lane.ended:
            watch.heard()
            if await upstream.forward(move):
                client.write(lane.close(None, framed=upstream.framed))
            elif client.paused:
                watch.pause()
                await client.drain()
    except SealinkError as error:
        client.write(lane.close(error))
    finally:
        watch.stop()


class IdleWatch:
    """Ends an upstream that sends nothing for `idle_s` seconds while it is being read.

    One timer a stream, not one a read: when it fires it looks how long the silence has been, and sleeps again.
    """

    def __init__(self, upstream: UpstreamResponse, idle_s: float) -> None:
        self._upstream = upstream
        self._idle_s = idle_s
        self._now = asyncio.get_running_loop().time
        self._silent_since: float | None = self._now()
        self._timer = self._arm(idle_s)

    def heard(self) -> None:
        """Something has come, or is waited for from now on."""
        self._silent_since = self._now()

    def pause(self) -> None:
        """The silence is the client's now."""
        self._silent_since = None

    def stop(self) -> None:
        self._timer.cancel()

    def _arm(self, delay_s: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay_s, self._check)

    def _check(self) -> None:
        silent_s = 0.0 if self._silent_since is None else self._now() - self._silent_since
        if silent_s >= self._idle_s:
            self._upstream.fail(GatewayTimeout(f"The upstream sent nothing for {self._idle_s:g} seconds.", code="idle"))
        else:
            self._timer = self._arm(self._idle_s - silent_s)
