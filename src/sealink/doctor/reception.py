"""An answer as it arrives: each piece that was read, and when."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from sealink.benchmark.chat_stream import read_chunk, texts
from sealink.errors import GatewayTimeout, SealinkError, UpstreamError
from sealink.net.client.response import Response
from sealink.wire.framing.sse import SseFramer


class Piece(NamedTuple):
    """What one read brought, and when, in seconds after the request."""

    at_s: float
    data: bytes


class Reception(msgspec.Struct):
    """One answer. `headers_s` is when its headers came, `ended_s` when it ended, or was left, in seconds after the
    request, which was at `began_s` of the loop's clock. `error` says why it was cut, None if it came to its proper end
    in HTTP."""

    status: int = 0
    headers: dict[str, str] = {}
    headers_s: float = 0.0
    pieces: list[Piece] = []
    ended_s: float = 0.0
    error: SealinkError | None = None
    began_s: float = 0.0

    @property
    def body(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    @property
    def is_event_stream(self) -> bool:
        return self.headers.get("content-type", "").lower().startswith("text/event-stream")


class Chunk(NamedTuple):
    """A chunk of a stream that was parsed, when it arrived, and how many bytes of the stream end with it."""

    at_s: float
    end: int
    payload: dict[str, Any]


class Stream(msgspec.Struct):
    """The frames of a reception. `unreadable` is data that is no chunk of a chat completion."""

    chunks: list[Chunk] = []
    done_s: float | None = None
    unreadable: list[bytes] = []

    @property
    def text(self) -> str:
        return "".join(text for chunk in self.chunks for text in texts(chunk.payload))

    @property
    def first_text_s(self) -> float | None:
        return next((chunk.at_s for chunk in self.chunks if texts(chunk.payload)), None)

    @property
    def finish_reasons(self) -> list[str]:
        choices = [choice for chunk in self.chunks for choice in chunk.payload.get("choices") or ()]
        return [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]

    @property
    def usage(self) -> dict[str, Any] | None:
        """That of the last chunk that has one."""
        found = [chunk.payload["usage"] for chunk in self.chunks if isinstance(chunk.payload.get("usage"), dict)]
        return found[-1] if found else None

    @property
    def error(self) -> dict[str, Any] | None:
        return next((chunk.payload for chunk in self.chunks if chunk.payload.get("error")), None)


MAX_BYTES: Final = 32 * 1024 * 1024
"""Of an answer: one that goes on for ever is not received for ever."""

IsEnough = Callable[[Reception], bool]


def never(came: Reception) -> bool:
    """The answer is read to its end."""
    return False


async def receive(answer: Response, began_s: float, until_s: float, is_enough: IsEnough = never) -> Reception:
    """Read an answer to its end, until it is enough, or until it has taken too long: then its connection is closed.

    `began_s` and `until_s` are times of the loop. Errors are part of what was received.
    """
    clock = asyncio.get_running_loop().time
    came, size = Reception(answer.status, dict(answer.headers), clock() - began_s, [], began_s=began_s), 0
    try:
        async with asyncio.timeout_at(until_s):
            while not is_enough(came) and (data := await answer.read()):
                came.pieces.append(Piece(clock() - began_s, data))
                size += len(data)
                if size > MAX_BYTES:
                    raise UpstreamError(f"The answer is longer than {MAX_BYTES} bytes.")
    except SealinkError as error:
        came.error = error
    except TimeoutError:
        came.error = GatewayTimeout(f"The answer was not done after {until_s - began_s:.0f} s.", code="total")
    finally:
        answer.close()
        came.ended_s = clock() - began_s
    return came


def parsed(came: Reception) -> Stream:
    """The chunks of a streamed chat completion."""
    framer, stream, end = SseFramer(), Stream([], None, []), 0
    for piece in came.pieces:
        for frame in framer.feed(piece.data):
            end += len(frame.raw)
            if frame.data == b"[DONE]":
                stream.done_s = piece.at_s
            elif frame.data:
                _add(stream, piece.at_s, end, frame.data)
    return stream


def _add(stream: Stream, at_s: float, end: int, data: bytes) -> None:
    try:
        payload = read_chunk(data)
    except UpstreamError:
        stream.unreadable.append(data)
    else:
        stream.chunks.append(Chunk(at_s, end, payload))
