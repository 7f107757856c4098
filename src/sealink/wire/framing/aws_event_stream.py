"""AWS's binary event stream: bytes in, whole messages out, each with its checksums verified.

    total length (4)  headers length (4)  CRC-32 of these (4)  headers  payload  CRC-32 of all before it (4)

Numbers are big-endian. A header is a name (length 1), a type (1) and a value.
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from zlib import crc32

import msgspec

from sealink.errors import UpstreamError
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import MAX_FRAME_BYTES, Frame

_PRELUDE: Final = struct.Struct(">III")
_NUMBER: Final = struct.Struct(">I")
_LENGTH: Final = struct.Struct(">H")
_LEAST_BYTES: Final = _PRELUDE.size + _NUMBER.size
_FIXED_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Sizes of the types without a length: true, false, byte, short, integer, long, timestamp, UUID."""
_BYTES, _STRING = 6, 7


class Message(Frame, gc=False):
    """`data` is the payload (`{}` if there is none), `event` the type of an event or an exception.

    `headers` are those whose values are text. `:message-type` is `event`, `exception` or `error`.
    """

    headers: dict[str, str] = msgspec.field(default_factory=dict)


class AwsEventStreamFramer:
    """Cuts a byte stream into messages. Holds one unfinished message, of at most `max_frame_bytes`, and one read."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._pending = bytearray()
        self._size = 0
        """Size of the message that has begun; 0 until all of its prelude has come."""

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises UpstreamError on a wrong checksum, or a message too large."""
        pending = self._pending
        pending += data
        while len(pending) >= (self._size or _PRELUDE.size):
            if not self._size:
                self._size = self._read_size(pending)
                continue
            raw = bytes(pending[: self._size])
            del pending[: self._size]
            self._size = 0
            yield read_message(raw)

    def close(self) -> tuple[Message, ...]:
        """An unfinished message is dropped."""
        return ()

    def _read_size(self, pending: bytearray) -> int:
        size, headers_size, checksum = _PRELUDE.unpack_from(pending)
        if crc32(pending[:8]) != checksum:
            raise malformed("the checksum of a message's lengths is wrong.")
        if size < _LEAST_BYTES + headers_size:
            raise malformed(f"a message of {size} bytes with {headers_size} bytes of headers.")
        if size > self._max_frame_bytes:
            raise UpstreamError(
                f"The upstream sent a message of more than {self._max_frame_bytes} bytes.",
                code="upstream_frame_too_large",
            )
        return int(size)


def read_message(raw: bytes) -> Message:
    """The message of these bytes, whose lengths have been checked."""
    if crc32(raw[: -_NUMBER.size]) != _NUMBER.unpack_from(raw, len(raw) - _NUMBER.size)[0]:
        raise malformed("the checksum of a message is wrong.")
    payload_at = _PRELUDE.size + _NUMBER.unpack_from(raw, 4)[0]
    headers = _read_headers(raw[_PRELUDE.size : payload_at])
    event = headers.get(":event-type") or headers.get(":exception-type") or headers.get(":error-code") or ""
    return Message(raw, raw[payload_at : -_NUMBER.size] or b"{}", event.encode(), headers)


@lru_cache(maxsize=64)
def _read_headers(block: bytes) -> dict[str, str]:
    """The text headers of a message. Cached, since all messages of a type have the same: do not change the result."""
    headers: dict[str, str] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name, kind, at = block[at + 1 : name_end].decode(), block[name_end], name_end + 1
            if kind in (_BYTES, _STRING):
                begin = at + _LENGTH.size
                at = begin + _LENGTH.unpack_from(block, at)[0]
                if kind == _STRING:
                    headers[name] = block[begin:at].decode()
            else:
                at += _FIXED_SIZES[kind]
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise malformed(f"the headers of a message cannot be read: {error}") from error
    if at != len(block):
        raise malformed("the headers of a message end in the middle of one.")
    return headers
