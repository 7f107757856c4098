"""Reading an upstream's body to its end, within a size and a time."""

import asyncio
from typing import Final

from sealink.errors import GatewayTimeout, UpstreamError
from sealink.net.message import UpstreamResponse

MAX_WHOLE_BYTES: Final = 64 * 1024 * 1024
"""The largest body that is read whole: of an answer that is not streamed, or of an error."""

_MESSAGES: Final = {
    "first_content": "The upstream sent no content",
    "idle": "The upstream sent nothing",
    "total": "The answer has not come to its end",
}


def timed_out(timer: str, limit_s: float) -> GatewayTimeout:
    """The error of one of the timers of `[timeouts]`; its code is the timer's name without `_s`."""
    return GatewayTimeout(f"{_MESSAGES[timer]} for {limit_s:g} seconds.", code=timer)


async def read_whole(upstream: UpstreamResponse, idle_s: float, first: bytes = b"") -> bytes:
    """The whole body, of which `first` has been read. `idle_s` applies once it has begun: some upstreams send status
    200 first and think then."""
    pieces, size = [first], len(first)
    while data := await _read(upstream, idle_s if size else None):
        pieces.append(data)
        size += len(data)
        if size > MAX_WHOLE_BYTES:
            raise UpstreamError(
                f"The upstream's answer is larger than {MAX_WHOLE_BYTES} bytes.", code="upstream_too_large"
            )
    return b"".join(pieces)


async def _read(upstream: UpstreamResponse, within_s: float | None) -> bytes:
    try:
        async with asyncio.timeout(within_s):
            return await upstream.read()
    except TimeoutError:
        assert within_s is not None
        raise timed_out("idle", within_s) from None
