"""A stream that is one JSON array, cut into its elements as they come: bytes in, whole elements out.

An object outside of an array, as some errors are, is the only element. The framer works on bytes, so that it does not
matter where a read ends: inside a character, an escape or a string. What is between the elements is skipped unread, and
whether an element is valid JSON is left to its reader.
"""

import re

from sealink.errors import UpstreamError
from sealink.wire.framing.frame import MAX_FRAME_BYTES, Frame

_NEXT_OUTSIDE_STRING = re.compile(rb'["{}\[\]]')
_NEXT_IN_STRING = re.compile(rb'["\\]')
_BETWEEN = b" \t\r\n,[]"


class JsonArrayFramer:
    """Holds one unfinished element, of at most `max_element_bytes` and one read."""

    def __init__(self, max_element_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_element_bytes = max_element_bytes
        self._pending = bytearray()
        self._searched = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[Frame]:
        """The elements that `data` completes. Raises UpstreamError when the unfinished one has outgrown the limit."""
        pending = self._pending
        if len(pending) > self._max_element_bytes:
            raise UpstreamError(
                f"The upstream sent a frame of more than {self._max_element_bytes} bytes.",
                code="upstream_frame_too_large",
            )
        pending += data
        frames: list[Frame] = []
        begin = 0
        while (end := self._next_end()) is not None:
            frames.append(_frame(bytes(pending[begin:end])))
            begin = end
        if begin:
            del pending[:begin]
            self._searched -= begin
        return frames

    def close(self) -> list[Frame]:
        """What is left of an element that was not finished. What is no element, such as `data: [DONE]`, is dropped."""
        frame = _frame(bytes(self._pending))
        self._pending.clear()
        return [frame] if frame.data.startswith(b"{") else []

    def _next_end(self) -> int | None:
        """Where the next element ends; None if its end has not come yet. The array's own brackets do not count."""
        pending = self._pending
        while True:
            found = (_NEXT_IN_STRING if self._in_string else _NEXT_OUTSIDE_STRING).search(pending, self._searched)
            if found is None:
                self._searched = len(pending)
                return None
            mark, at = found[0], found.start()
            if mark == b"\\" and at + 1 == len(pending):
                self._searched = at  # what it escapes is in the next read
                return None
            self._searched = at + (2 if mark == b"\\" else 1)
            if mark == b'"':
                self._in_string = not self._in_string
            elif mark == b"{" or (mark == b"[" and self._depth):
                self._depth += 1
            elif mark in b"}]" and self._depth:
                self._depth -= 1
                if not self._depth:
                    return self._searched


def json_objects(body: bytes) -> list[bytes]:
    """The objects that a body begins with: one, the elements of an array, or chunks without any framing."""
    objects = []
    for frame in JsonArrayFramer().feed(body):
        if frame.raw.strip(_BETWEEN)[:1] != b"{":
            break
        objects.append(frame.data)
    return objects


def _frame(raw: bytes) -> Frame:
    return Frame(raw, raw.strip(_BETWEEN) if raw.find(b"{") < 0 else raw[raw.find(b"{") :].rstrip())
