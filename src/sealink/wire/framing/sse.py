"""Server-Sent Events: bytes in, whole frames out, and back again.

A frame is everything up to and including a blank line. The framer works on bytes, so that it does not matter where a
read ends: inside a character, or inside a line end. Lines end in LF, CRLF or CR, and nothing else (U+2028 is data). https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re
from typing import Final

from sealink.errors import UpstreamError
from sealink.wire.framing.frame import MAX_FRAME_BYTES, Frame

DONE: Final = b"data: [DONE]\n\n"
BLANK_LINE: Final = b"\n\n"
"""What ends nearly every frame."""

_BLANK_LINE = re.compile(rb"\r\n\r\n?|\n\n|\r\r\n?|\n\r\n?")
_BLANK_BYTES = 3  # of a blank line, at most, before its last
_LINE_END = re.compile(rb"\r\n|\n|\r")
_FIELDS = (b"", b"data", b"event", b"id", b"retry")  # "": a comment
_BOM = b"\xef\xbb\xbf"


class SseFramer:
    """Cuts a byte stream into frames. Holds one unfinished frame, of at most `max_frame_bytes` and one read."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._pending = bytearray()
        self._searched = 0
        self._at_start = True

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises UpstreamError when the unfinished one has outgrown the limit."""
        if self._at_start and not self._pending and data and data[0] != _BOM[0]:
            self._at_start = False
        if self._pending or self._at_start:
            data = self._with_pending(data)
        # not `in`, which tries first whether what it looks for is a number, and takes ten times as long
        return self._any_line_ends(data) if data.find(b"\r") >= 0 else self._lf_frames(data)

    def _lf_frames(self, data: bytes) -> list[Frame]:
        lines, blank, rest = data.partition(BLANK_LINE)
        if blank and not rest:
            return [_lf_frame(lines)]  # nearly every read
        *whole, rest = data.split(BLANK_LINE)
        self._keep(rest)
        return [_lf_frame(lines) for lines in whole]

    def _any_line_ends(self, data: bytes) -> list[Frame]:
        if (frame := simple_frame(data)) is not None:
            return [frame]
        frames: list[Frame] = []
        begin = 0
        for blank in _BLANK_LINE.finditer(data):
            end = blank.end()
            if end == len(data) and data.endswith(b"\r"):
                break  # the LF of this line end may be in the next read
            frames.append(parse_frame(data[begin:end]))
            begin = end
        self._keep(data[begin:])
        return frames

    def _keep(self, rest: bytes) -> None:
        """What is left of a read is the beginning of a frame."""
        if rest:
            self._pending += rest
            self._searched = max(0, len(self._pending) - _BLANK_BYTES)

    def close(self) -> list[Frame]:
        """The last frame of a stream that ended without a blank line, if there is one."""
        rest = bytes(self._pending)
        self._pending.clear()
        return [parse_frame(rest)] if rest.strip(b"\r\n") else []

    def _with_pending(self, data: bytes) -> bytes:
        """The unfinished frame with `data` appended, if that completes a frame; else b"", and `data` is kept."""
        pending = self._pending
        if len(pending) > self._max_frame_bytes:
            raise UpstreamError(
                f"The upstream sent a frame of more than {self._max_frame_bytes} bytes.",
                code="upstream_frame_too_large",
            )
        pending += data
        if self._at_start and not _BOM.startswith(pending):
            self._at_start = False
            if pending.startswith(_BOM):
                del pending[: len(_BOM)]
        if self._at_start or not _BLANK_LINE.search(pending, self._searched):
            self._searched = max(0, len(pending) - _BLANK_BYTES)
            return b""
        whole = bytes(pending)
        pending.clear()
        return whole


def _lf_frame(lines: bytes) -> Frame:
    """The frame of these lines, which end in LF; its blank line has been cut off."""
    event, data = b"", lines
    if lines[:7] == b"event: ":
        first, _, data = lines.partition(b"\n")
        event = first[7:]
    if data[:6] == b"data: " and data.find(b"\n") < 0:
        return Frame(lines + BLANK_LINE, data[6:], event)
    return parse_frame(lines + BLANK_LINE)


def simple_frame(raw: bytes) -> Frame | None:
    """The frame of `raw`, if that is one `data` line, or an `event` line and a `data` line, with LF line ends.

    A `data` line alone may also end in CRLF.
    """
    begin, event = 0, b""
    if raw.startswith(b"event: "):
        begin = raw.find(b"\n") + 1
        event = raw[7 : begin - 1]
    has_one_line = raw.startswith(b"data: ", begin) and raw.find(b"\n", begin) == len(raw) - 2
    if has_one_line and raw.endswith(b"\n\n") and b"\r" not in raw:
        return Frame(raw, raw[begin + 6 : -2], event)
    if raw.find(b"\r\n\r\n") == len(raw) - 4 and raw.startswith(b"data: "):
        data = raw[6:-4]
        return Frame(raw, data) if b"\r" not in data and b"\n" not in data else None
    return None


def parse_frame(raw: bytes) -> Frame:
    """The frame of these bytes. Several `data` lines are joined by LF; comments, ids and retries are ignored.

    Spaces before the frame are ignored too: some vendor, or proxy, sends them before its first event.
    """
    raw = raw.lstrip(b" \t")
    if (frame := simple_frame(raw)) is not None:
        return frame
    event, lines = b"", []
    for line in _LINE_END.split(raw):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            lines.append(value)
        elif name == b"event":
            event = value
    return Frame(raw, b"\n".join(lines), event)


def is_noise(frame: Frame) -> bool:
    """Whether a frame without data has a line that is neither a field nor a comment: a damaged one (`xdata: …`), say.

    A browser ignores such lines, but then what they were meant to be is lost. A JSON body instead of an event stream
    is not noise.
    """
    if frame.raw.lstrip()[:1] in (b"{", b"["):
        return False
    return any(line and line.partition(b":")[0] not in _FIELDS for line in _LINE_END.split(frame.raw))


def data_frame(data: bytes) -> bytes:
    """A frame without an event name, as OpenAI sends them."""
    return b"data: " + data + b"\n\n"


def event_frame(event: bytes, data: bytes) -> bytes:
    """A frame with an event name, as Anthropic sends them."""
    return b"event: " + event + b"\ndata: " + data + b"\n\n"
