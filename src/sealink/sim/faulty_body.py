"""Faults in how an answer goes out: when, in which bytes, and how the connection ends."""

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


class Over(Exception):
    """A fault has ended the response before its time."""


class FaultyBody:
    """A response's way out through a Responder. Without faults: the Responder's own.

    `reach` is told before each write how many tokens have been sent, and does what is due there. `pause_s`
    is waited between the repetitions of an endless stream, `error_event` is the frame of an error inside one.
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
        """Do what comes instead of a response, or before it. Raises Over."""
        await self._happen([each for each in self._due if each.place == HEADERS and each.name in _BEFORE_THE_HEAD])

    async def start(self, headers: HeaderList) -> None:
        """Begin a response with status 200. Raises Over."""
        coding = [("content-encoding", "gzip")] if named(self._faults, "gzip") else []
        self._responder.start(200, [*headers, *coding])
        await self.reach(HEADERS)

    @property
    def next_place(self) -> int:
        """The number of tokens at which the next fault is due."""
        return self._due[0].place if self._due else sys.maxsize

    async def reach(self, sent: int) -> None:
        """Do what is due once so many tokens have been sent. Raises Over."""
        if self.next_place <= sent:
            await self._happen([each for each in self._due if each.place <= sent])

    async def reach_end(self) -> None:
        """Do all that is due before the closing. Raises Over."""
        await self._happen(self._due)

    def write(self, data: bytes) -> None:
        """Send a piece of the body. Raises Over."""
        self._last = data
        for respell in self._respell:
            data = respell(data)
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self._send(data)

    async def send(self, headers: HeaderList, data: bytes) -> None:
        """Answer whole with status 200; if there are faults, a tenth at a time. Raises Over."""
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
        """End the response properly, unless it is to be broken off. Raises Over."""
        if self._gzip is not None:
            self._send(self._gzip.flush())
        if self._left is not None:
            self._break_off()
        self._responder.finish()

    async def _happen(self, faults: list[Fault]) -> None:
        self._due = [each for each in self._due if each not in faults]
        for fault in faults:
            await self._do(fault)

    async def _do(self, fault: Fault) -> None:
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
        raise Over

    async def _repeat(self) -> None:
        while True:
            self.write(self._last)
            await self.flush()
            await asyncio.sleep(self._pause_s)

    def _break_off(self, raw: bytes = b"", *, reset: bool = False) -> None:
        if not isinstance(self._responder, ResponseWriter):
            raise TypeError("Only a connection can be broken off.")
        self._responder.break_off(raw, reset=reset)
        raise Over

    def _send(self, data: bytes) -> None:
        data, is_last = self._cut(data)
        for piece in [data[at : at + 1] for at in range(len(data))] if self._byte_by_byte else [data]:
            self._responder.write(piece)
        if is_last:
            self._break_off()

    def _cut(self, data: bytes) -> tuple[bytes, bool]:
        """What may still be sent of `data`, and whether the body is cut there."""
        if self._left is None:
            return data, False
        kept = data[: self._left]
        self._left -= len(kept)
        return kept, self._left == 0


def _noise(size: int) -> bytes:
    """The same bytes each time, none of them ASCII: neither HTTP nor UTF-8, and no line ends."""
    dice = Random(size)
    return bytes(dice.randrange(0x80, 0x100) for _ in range(size))
