"""The passage answers a read of the upstream's socket as it is, HTTP's chunk framing included, without parsing it.

Nearly every read of a stream is one chunk with one frame, which differs from the last one only in its text: the lane's
template says how it begins and ends. With the chunk's header before it, the beginning depends on nothing but the read's
length, and so does the header of the client's chunk. So a comparison of both ends tells whether a read is such a one.
Some vendors pad their frames, and some texts have escapes: these take a second look, and still no parser.
"""

from typing import Final

import msgspec

from sealink.wire.raw_json.fields import UNREADABLE, encode
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.template import MAX_USES, Template

_LINE_END: Final = b"\r\n"
_QUOTE: Final = b'"'
_MAX_DIGITS: Final = 8
_STRING: Final = msgspec.json.Decoder(str)
_NO_TEXT: Final = -1
"""The bytes of text in a read that is as long as the template's frame without any, or shorter: but for its padding."""

_Way = tuple[bytes, int, bytes, int]
"""For reads of one length: their beginning, the bytes of text between it and the end, what begins the client's chunk
instead (b"": nothing, the client gets the read itself), and the bytes in that chunk without its framing."""


class Passage:
    """Between a lane's upstream and its client, if both ends are chunked. Open while the lane has a template.

    `size`: the bytes without framing in the chunk that `take` has returned last. `left`: how many more reads it takes;
    then one is to be parsed, as in Template. Nothing is taken while it is not `is_open`.
    """

    __slots__ = (
        "_add_text",
        "_after",
        "_bare_rest",
        "_client_closing",
        "_closing",
        "_outcome",
        "_tail",
        "_template",
        "_ways",
        "is_open",
        "left",
        "size",
    )

    def __init__(self, outcome: Outcome) -> None:
        self.is_open = False
        self.size = 0
        self._outcome = outcome
        self._template: Template | None = None
        self._ways: dict[int, _Way] = {}
        self.left = MAX_USES

    def open(self, template: Template) -> None:
        """The next reads are likely to fit this template."""
        self.is_open = True
        self._template = template
        self._ways = {}
        self._closing = template.after + template.tail + _LINE_END
        self._after, self._tail = template.after[1:], template.tail and template.tail + _LINE_END
        self._bare_rest = self._closing[1:].replace(b" ", b"")
        self._client_closing = template.closing + template.tail + _LINE_END
        self._add_text = self._outcome.text.append

    def close(self) -> None:
        """Take nothing more. To be called at the end of the stream, too: then the outcome has all frames."""
        self._outcome.frames += MAX_USES - self.left
        self.left = MAX_USES
        self.is_open = False
        self._template = None
        self._ways = {}

    def take(self, read: bytes) -> bytes:
        """The client's chunk for a read that is one frame and fits; b"" for any other: it has to be parsed.

        A read that begins within a chunk must not be given.
        """
        length = len(read)
        way = self._ways.get(length) or self._find_way(length)
        if way is None:
            return b""
        opening, text_bytes, client_opening, size = way
        # In CPython 3.11 these two take half as long as startswith(), endswith() and a slice.
        raw = read.removeprefix(opening).removesuffix(self._closing)
        if len(raw) != text_bytes or not self.left:
            return self._take_padded(read, opening, size) if self.left else b""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return b""
        if '"' in text or "\\" in text or not text.isprintable():
            return self._take_escaped(read, raw, b"", size)
        self.left -= 1
        self._add_text(text)
        self.size = size
        return client_opening + raw + self._client_closing if client_opening else read

    def _take_padded(self, read: bytes, opening: bytes, size: int) -> bytes:
        """The client's chunk for a read with padding behind its text: spaces (Anthropic), or a field (OpenAI)."""
        body = read.removeprefix(opening)
        raw, _, rest = body.partition(_QUOTE)
        if not raw or len(body) == len(read):
            return b""
        if not self._tail:
            return self._take_escaped(read, raw, b"", size) if rest.replace(b" ", b"") == self._bare_rest else b""
        padding = rest.removeprefix(self._after).removesuffix(self._tail)
        if len(padding) != len(rest) - len(self._after) - len(self._tail) or _QUOTE in padding:
            return b""
        return self._take_escaped(read, raw, padding, size)

    def _take_escaped(self, read: bytes, raw: bytes, padding: bytes, size: int) -> bytes:
        """The client's chunk for a read whose text may have escapes; `size` is that of the read's own chunk."""
        try:
            text = _STRING.decode(_QUOTE + raw + _QUOTE)
        except UNREADABLE:
            return b""
        template = self._template
        assert template is not None
        self.left -= 1
        self._add_text(text)
        if template.is_unchanged:
            self.size = size
            return read
        frame = template.opening + encode(text)[1:-1] + template.closing + padding + template.tail
        self.size = len(frame)
        return b"%x\r\n%b\r\n" % (len(frame), frame)

    def _find_way(self, length: int) -> _Way | None:
        """The way of reads of this length; None while there is no template."""
        template = self._template
        if template is None:
            return None
        size = _chunk_size(length)
        text_bytes = size - len(template.before) - len(self._closing) + len(_LINE_END)
        text_bytes = text_bytes if text_bytes > 0 else _NO_TEXT
        client_opening, client_size = b"", size
        if not template.is_unchanged and text_bytes > 0:
            client_size = len(template.opening) + text_bytes + len(self._client_closing) - len(_LINE_END)
            client_opening = b"%x\r\n%b" % (client_size, template.opening)
        way = self._ways[length] = (b"%x\r\n%b" % (size, template.before), text_bytes, client_opening, client_size)
        return way


def _chunk_size(length: int) -> int:
    """The size that the header states of a chunk that is `length` bytes long with its framing; 0 if there is none."""
    for digits in range(1, _MAX_DIGITS + 1):
        size = length - digits - 2 * len(_LINE_END)
        if size < 16**digits:
            return size
    return 0
