"""Moving one stream from its upstream to its client. Knows bytes and silences, nothing of language models."""

from collections.abc import Callable
from typing import Protocol

from sealink.errors import SealinkError
from sealink.net.message import UpstreamResponse
from sealink.net.silence import Silence
from sealink.wire.stream.lane import Lane


class Client(Protocol):
    """Who is told: a Responder, or one that does more with what it is told."""

    write: Callable[[bytes], bool]

    @property
    def paused(self) -> bool: ...
    async def drain(self) -> None: ...
    def finish(self, data: bytes = b"") -> None: ...


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


async def pump(upstream: UpstreamResponse, client: Client, lane: Lane, silence: Silence) -> None:
    """Move the rest of a stream to its end, and finish the client's; a client that falls behind stops the reading.

    While all goes well this sleeps, and `move` runs in the very call that received the bytes.
    """

    def move(data: bytes) -> bool:
        silence.heard()
        out = lane.feed(data)
        if lane.ended:
            client.finish(out)
            return False
        return client.write(out)

    try:
        while not lane.ended:
            silence.resume()
            if await upstream.forward(move):
                client.finish(lane.close(None, framed=upstream.framed))
            elif client.paused and not lane.ended:
                silence.pause()
                await client.drain()
    except SealinkError as error:
        client.finish(lane.close(error))
