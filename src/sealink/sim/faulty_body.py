"""Faults in the transmission of an answer: its timing, its bytes, and the end of the connection."""

import asyncio
import sys
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from sealink.errors import HeaderList
from sealink.net.message import Responder
from sealink.net.server.response_writer import ResponseWriter
from sealink.sim.faults import FAULTS, HEADERS, Fault, named
from sealink.sim.faulty_answer import MARKED
from sealink.wire.framing.sse import data_frame

_GZIP: Final = 16 + zlib.MAX_WBITS
_BEFORE_THE_HEAD: Final = ("stall", "close", "reset", "garbage")
_IN_THE_ANSWER: Final = ("half-utf8", "long-frame")
_SPELLINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "half-utf8": lambda data: data.replace(MARKED.encode(), MARKED.encode()[:-1]),
    "crlf": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
}
_COMMENT: Final = b": still there\n\n"
_NOT_JSON: Final = data_frame(b'{"type":')


class ResponseEnded(Exception):
    """A fault has ended the response early; nothing more can be sent."""


class FaultyBody:
    """Sends a response through a Responder, with the given faults.

    Call `reach` with the number of tokens sent so far before each write: it applies the faults that are due. `pause_s`
    is the pause between repetitions in an endless stream, `error_event` the frame of an error inside a stream.
    """

    def __init__(self, faults: Sequence[Fault], responder: Responder, *, error_event: bytes, pause_s: float) -> None:
        self._responder = responder
        self._faults = faults
        self._error_event = error_event
        self._pause_s = pause_s
        placed = [each for each in faults if FAULTS[each.name].placed and each.name not in _IN_THE_ANSWER]
        self._due = sorted(placed, key=lambda each: each.place)
        self._last = _COMMENT
        self._respell = [spelling for name, spelling in _SPELLINGS.items() if named(faults, name)]
        is_zipped = named(faults, "gzip") or named(faults, "gzip-unnamed")
        self._gzip = zlib.compressobj(wbits=_GZIP) if is_zipped else None
        self._byte_by_byte = named(faults, "one-byte") is not None
        truncate = named(faults, "truncate")
        self._left = None if truncate is None else int(truncate.value)

    async def begin(self) -> None:
        """Apply the faults that happen before the headers. Raises ResponseEnded."""
        await self._apply_all([each for each in self._due if each.place == HEADERS and each.name in _BEFORE_THE_HEAD])

    async def start(self, headers: HeaderList) -> None:
        """Send status 200 and the headers. Raises ResponseEnded."""
        coding = [("content-encoding", "gzip")] if named(self._faults, "gzip") else []
        self._responder.start(200, [*headers, *coding])
        await self.reach(HEADERS)

    @property
    def next_place(self) -> int:
        """The number of sent tokens at which the next fault is due."""
        return self._due[0].place if self._due else sys.maxsize

    async def reach(self, sent: int) -> None:
        """Apply the faults that are due after `sent` tokens. Raises ResponseEnded."""
        if self.next_place <= sent:
            await self._apply_all([each for each in self._due if each.place <= sent])

    async def reach_end(self) -> None:
        """Apply the faults that are left, before the closing frames. Raises ResponseEnded."""
        await self._apply_all(self._due)

    def write(self, data: bytes) -> None:
        """Send a piece of the body. Raises ResponseEnded."""
        self._last = data
        for respell in self._respell:
            data = respell(data)
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self._send(data)

    async def send(self, headers: HeaderList, data: bytes) -> None:
        """Send a whole response with status 200; if there are faults, a tenth at a time. Raises ResponseEnded."""
        if not self._faults:
            self._responder.send(200, headers, data)
            return
        await self.start(headers)
        tenth = len(data) // 10 + 1
        for at in range(10):
            await self.reach(at)
            self.write(data[at * tenth : (at + 1) * tenth])
        await self.reach_end()
        self.finish()

    async def flush(self) -> None:
        if self._responder.paused:
            await self._responder.flush()

    def finish(self) -> None:
        """End the response, or break the connection off if it should have been truncated. Raises ResponseEnded."""
        if self._gzip is not None:
            self._send(self._gzip.flush())
        if self._left is not None:
            self._break_off()
        self._responder.finish()

    async def _apply_all(self, faults: list[Fault]) -> None:
        self._due = [each for each in self._due if each not in faults]
        for fault in faults:
            await self._apply(fault)

    async def _apply(self, fault: Fault) -> None:
        match fault.name:
            case "stall":
                await (asyncio.sleep(fault.value) if fault.value else asyncio.Event().wait())
            case "close" | "reset":
                self._break_off(reset=fault.name == "reset")
            case "garbage":
                self._garbage(int(fault.value))
            case "bad-json":
                self.write(_NOT_JSON)
            case "error":
                self.write(self._error_event)
                self._end()
            case "end":
                self._end()
            case "endless":
                await self._repeat()

    def _garbage(self, size: int) -> None:
        if self._responder.started:
            self._send(_noise(size))
        else:
            self._break_off(_noise(size))

    def _end(self) -> None:
        self.finish()
        raise ResponseEnded

    async def _repeat(self) -> None:
        while True:
            self.write(self._last)
            await self.flush()
            await asyncio.sleep(self._pause_s)

    def _break_off(self, raw: bytes = b"", *, reset: bool = False) -> None:
        if not isinstance(self._responder, ResponseWriter):
            raise TypeError("Only a connection can be broken off.")
        self._responder.break_off(raw, reset=reset)
        raise ResponseEnded

    def _send(self, data: bytes) -> None:
        data, is_last = self._cut(data)
        for piece in [data[at : at + 1] for at in range(len(data))] if self._byte_by_byte else [data]:
            self._responder.write(piece)
        if is_last:
            self._break_off()

    def _cut(self, data: bytes) -> tuple[bytes, bool]:
        """The part of `data` that may be sent before `truncate` applies, and whether it applies now."""
        if self._left is None:
            return data, False
        kept = data[: self._left]
        self._left -= len(kept)
        return kept, self._left == 0


def _noise(size: int) -> bytes:
    """Always the same bytes, none of them ASCII: not HTTP, not UTF-8, without line ends."""
    dice = Random(size)
    return bytes(dice.randrange(0x80, 0x100) for _ in range(size))
