"""What nearly every response is made of, read without a parser: a head that is all there, and whole chunks behind it.

It is stricter than llhttp: whatever is written otherwise, or could be read in two ways, is left to that.
"""

import re
from itertools import repeat
from typing import Final

import msgspec

from sealink.errors import HeaderList

_HEAD: Final = re.compile(
    rb"HTTP/1\.1 200 [\t -~\x80-\xff]*+\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)*+\r\n"
)
"""RFC 9112 §4 and §5, without folded lines."""
_UNUSUAL: Final = re.compile(
    rb"\r\n(?:content-encoding:|upgrade:|content-type:(?! )|connection:(?! keep-alive\r)"
    rb"|content-length:(?! [0-9]{1,9}\r)|transfer-encoding:(?! chunked\r))"
)
"""In lower case: what says that the body is not simply what follows, or is written otherwise than by nearly all."""
_LENGTH: Final = b"\r\ncontent-length: "
_CHUNKED: Final = b"\r\ntransfer-encoding: "
_EVENTS: Final = b"\r\ncontent-type: text/event-stream"
_MAX_SIZE_DIGITS: Final = 8
_NOT_HEX: Final = re.compile(rb"[^0-9A-Fa-f]")


class PlainHead(msgspec.Struct, gc=False):
    """The head of a 200 after which its connection is kept, and whose body is not compressed by what it says.

    `raw` is all of it. `length` is that of the body in bytes; None where that comes in chunks.
    """

    raw: bytes
    length: int | None
    is_event_stream: bool

    @property
    def headers(self) -> HeaderList:
        """Their names in lower case."""
        lines = self.raw.decode("latin-1").split("\r\n")[1:-2]
        pairs = [line.partition(":") for line in lines]
        return [(name.lower(), value.strip(" \t")) for name, _, value in pairs]


def plain_head(data: bytes, max_bytes: int) -> PlainHead | None:
    """The head that `data` begins with; None if it is not all there, or is not plain."""
    found = _HEAD.match(data, 0, max_bytes)
    if found is None:
        return None
    raw = found[0]
    lowered = raw.lower()
    if _UNUSUAL.search(lowered) is not None or lowered.count(_LENGTH) + lowered.count(_CHUNKED) != 1:
        return None
    _, _, behind = lowered.partition(_LENGTH)
    length = int(behind[: behind.index(b"\r")]) if behind else None
    return PlainHead(raw, length, lowered.find(_EVENTS) >= 0)  # `in` first tries whether that is a number


def whole_chunks(data: bytes) -> list[bytes] | None:
    """The bodies of the whole chunks that `data` is (RFC 9112 §7.1), that of the last chunk of all b"". None if it is
    anything else: it has extensions or trailers, say, or ends within a chunk."""
    end = data.find(b"\r\n", 0, _MAX_SIZE_DIGITS + 2)
    if end < 0:
        return [] if not data else None
    if not data.endswith(b"\r\n") or _NOT_HEX.search(data, 0, end) is not None:
        return None
    body = data[end + 2 : -2]
    return [body] if len(body) == int(data[:end] or b"-1", 16) else _several_chunks(data)


def _several_chunks(data: bytes) -> list[bytes] | None:
    """Those whose bodies have no line ends of HTTP's kind, as the events of nearly all have none."""
    parts = data.split(b"\r\n")
    sizes, bodies = parts[:-1:2], parts[1:-1:2]
    if b"" in sizes or b"" in bodies[:-1] or _NOT_HEX.search(b"".join(sizes)) is not None:
        return None
    return bodies if list(map(int, sizes, repeat(16))) == list(map(len, bodies)) else None
