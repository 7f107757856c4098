"""What nearly every response is made of, read without a parser: a head that is all there, and whole chunks behind it.

It is stricter than llhttp: whatever is written otherwise, or could be read in two ways, is left to that.
"""

import re
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

    def chunks_of(self, data: bytes) -> list[bytes] | None:
        """The body as far as it stands in `data` behind this head: in whole chunks, of which b"" is the end. None if
        its next byte is within a chunk, or, where it has a length, if it is not all there or too much is."""
        body = data[len(self.raw) :]
        if self.length is None:
            return whole_chunks(body)
        if self.length != len(body):
            return None
        return [body, b""] if body else [b""]


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
    return PlainHead(raw, length, _EVENTS in lowered)


def only_chunk(data: bytes, most: int) -> bytes:
    """The body of the one whole chunk that `data` is (RFC 9112 §7.1), of at most `most` bytes; b"" if it is anything
    else."""
    end = data.find(b"\r\n", 0, _MAX_SIZE_DIGITS + 2)
    digits = data[:end]
    if end < 1 or not digits.isalnum() or not data.endswith(b"\r\n"):
        return b""
    try:
        size = int(b"0" + digits, 16)  # int() takes a prefix, 0x
    except ValueError:
        return b""
    return data[end + 2 : -2] if 0 < size <= most and len(data) == end + size + 4 else b""


def whole_chunks(data: bytes) -> list[bytes] | None:
    """The bodies of the whole chunks that `data` is, that of the last chunk of all b""; None if it is anything else:
    then it has extensions or trailers, say, or ends within a chunk."""
    bodies, begin = [], 0
    while begin < len(data):
        end = data.find(b"\r\n", begin, begin + _MAX_SIZE_DIGITS + 2)
        digits = data[begin:end]
        if end < 0 or not digits.isalnum():
            return None
        try:
            size = int(b"0" + digits, 16)  # int() takes a prefix, 0x
        except ValueError:
            return None
        begin = end + 2 + size + 2
        body = data[end + 2 : begin]
        if len(body) != size + 2 or not body.endswith(b"\r\n"):
            return None
        bodies.append(body[:-2])
        if not size:
            return bodies if begin == len(data) else None
    return bodies
