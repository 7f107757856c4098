"""Server-Sent Events: bytes in, whole frames out, and back again.

A frame is everything up to and including a blank line. The framer works on bytes, so that a character
or a line end split between two reads is never seen half. Lines end in LF, CRLF or CR; only those
(U+2028 inside data is data). https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from sealink.errors import UpstreamError

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024

DONE: Final = b"data: [DONE]\n\n"

_BLANK_LINE = re.compile(rb"\r\n\r\n?|\n\n|\r\r\n?|\n\r\n?")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Frame(msgspec.Struct, gc=False):
    """One event as it stood on the wire (`raw`, blank line included) and what it says."""

    raw: bytes
    data: bytes
    event: bytes = b""

    @property
    def is_plain(self) -> bool:
        """Whether the frame is one `data: …` line and nothing else, byte for byte."""
        return len(self.raw) == len(self.data) + 8 and self.raw.startswith(b"data: ") and self.raw.endswith(b"\n\n")


class SseFramer:
    """Cuts a byte stream into frames. Holds at most one unfinished frame, of at most `max_frame_bytes`."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._pending = bytearray()
        self._searched = 0
        self._at_start = True

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises UpstreamError after them when a frame outgrows the limit."""
        if self._at_start:
            data = self._without_bom(data)
        if self._pending:
            self._pending += data
            data = bytes(self._pending) if _BLANK_LINE.search(self._pending, self._searched) else b""
        begin = 0
        for blank in _BLANK_LINE.finditer(data, self._searched):
            end = blank.end()
            if end == len(data) and data.endswith(b"\r"):
                break  # the LF of this line end may be in the next read
            yield parse_frame(data[begin:end])
            begin = end
        self._keep(data, begin)

    def close(self) -> Iterator[Frame]:
        """The last frame of a stream that ended without a blank line, if there is one."""
        rest = bytes(self._pending)
        self._pending.clear()
        if rest.strip(b"\r\n"):
            yield parse_frame(rest)

    def _keep(self, data: bytes, begin: int) -> None:
        if data:
            self._pending[:] = data[begin:]
        if len(self._pending) > self._max_frame_bytes:
            raise UpstreamError(
                f"The upstream sent a frame of more than {self._max_frame_bytes} bytes.",
                code="upstream_frame_too_large",
            )
        self._searched = max(0, len(self._pending) - 3)  # a blank line has at most four bytes

    def _without_bom(self, data: bytes) -> bytes:
        """`data`, or all of the stream so far while it may still be the start of a byte-order mark."""
        data = bytes(self._pending) + data
        self._pending.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            return data
        self._at_start = False
        return data.removeprefix(_BOM)


def parse_frame(raw: bytes) -> Frame:
    """What a frame says. Several `data` lines are joined by LF; comments, ids and retries say nothing."""
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.find(b"\n") == len(raw) - 2 and b"\r" not in raw:
        return Frame(raw, raw[6:-2])
    event, lines = b"", []
    for line in _LINE_END.split(raw):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            lines.append(value)
        elif name == b"event":
            event = value
    return Frame(raw, b"\n".join(lines), event)


def data_frame(data: bytes) -> bytes:
    """A frame without an event name, as OpenAI sends them."""
    return b"data: " + data + b"\n\n"


def event_frame(event: bytes, data: bytes) -> bytes:
    """A frame with an event name, as Anthropic sends them."""
    return b"event: " + event + b"\ndata: " + data + b"\n\n"
