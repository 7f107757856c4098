"""Decompresses a body that is compressed although the request asked for `identity`, a bounded amount at a time.

Some servers, and proxies before them, compress whatever the request says, and a few send gzip on an event stream
without a content-encoding. https://www.rfc-editor.org/rfc/rfc9110#section-8.4
"""

import zlib
from collections.abc import Mapping
from typing import Final

from sealink.errors import HeaderList
from sealink.net.client.failure import truncated, undecodable

GZIP_MAGIC: Final = b"\x1f\x8b"

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_OF_THE_CODED_BODY: Final = ("content-encoding", "content-length")
_CODINGS: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


def decoder_for(headers: HeaderList, named: Mapping[str, str], peer: str) -> "tuple[Decoder | None, HeaderList]":
    """A decoder for a body with these headers, None if it needs none; and the headers of the decoded body.

    `named`: the headers by their names.
    Raises UpstreamError (`upstream_encoding`) for an unknown coding.
    """
    coding = named.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        is_event_stream = named.get("content-type", "").lower().startswith("text/event-stream")
        return (Decoder("unnamed", peer) if is_event_stream else None), headers
    if coding not in _CODINGS:
        raise undecodable(peer, f"its content-encoding is {coding}, and identity was asked for")
    return Decoder(_CODINGS[coding], peer), [header for header in headers if header[0] not in _OF_THE_CODED_BODY]


def may_be_compressed(data: bytes) -> bool:
    """Whether an event stream that begins so can be gzip all the same."""
    return data.startswith(GZIP_MAGIC[:1])


class Decoder:
    """Decodes one body: `gzip` (of any number of members), `deflate` (zlib or raw), or `unnamed` (gzip, or as it is).

    `pending`: there is more output without more input. `transparent`: this body is not compressed after all, all
    input has been returned as it was, and the decoder is not needed any longer.
    Invalid data raises zlib.error or UpstreamError (`upstream_encoding`).
    """

    def __init__(self, coding: str, peer: str) -> None:
        self.pending = False
        self.transparent = False
        self._coding = coding
        self._peer = peer
        self._held = b""
        self._members = 0
        self._inflater: zlib._Decompress | None = None

    def decode(self, data: bytes, max_bytes: int) -> bytes:
        """The next output, at most `max_bytes`, for `data` and the input that is left from before."""
        data, self._held, self.pending = self._held + data, b"", False
        inflater = self._inflater or self._begin(data)
        if inflater is None:
            return self._wait_or_hand_back(data)
        out = inflater.decompress(data, max_bytes)
        if inflater.eof:
            self._inflater, self._members, self._held = None, self._members + 1, inflater.unused_data
        else:
            self._held = inflater.unconsumed_tail
        self.pending = bool(self._held) or len(out) == max_bytes
        return out

    def finish(self) -> None:
        """The body has ended. Raises UpstreamError (`upstream_truncated`) when what was compressed has not."""
        if self._inflater is not None or self._held:
            raise truncated(self._peer)

    def _begin(self, data: bytes) -> "zlib._Decompress | None":
        """An inflater for what starts with `data`; None if it needs none, or if more data is needed to know."""
        if self._members and data:
            self._check_further_member(data)
        wbits = self._wbits(data)
        self._inflater = zlib.decompressobj(wbits) if wbits is not None else None
        return self._inflater

    def _wbits(self, data: bytes) -> int | None:
        if len(data) < 2:
            return None
        if self._coding == "deflate":  # RFC 9110 §8.4.1.2: it should be zlib; some send raw deflate
            return _ZLIB if data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0 else _RAW
        return _GZIP if self._coding == "gzip" or data.startswith(GZIP_MAGIC) else None

    def _wait_or_hand_back(self, data: bytes) -> bytes:
        if self._coding == "unnamed" and data and not GZIP_MAGIC.startswith(data):
            self.transparent = True
            return data
        self._held = data
        return b""

    def _check_further_member(self, data: bytes) -> None:
        if self._coding == "deflate" or not GZIP_MAGIC.startswith(data[:2]):
            raise undecodable(self._peer, "something follows the end of the compressed data")
