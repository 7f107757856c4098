"""Request bodies that their clients have compressed. Codex and some proxies do (RFC 9110 §8.4, RFC 8878).

A body is decoded when it is whole, up to the limit that it would have as it is: one that grows beyond it is refused.
"""

import zlib
from typing import Final

import zstandard

from sealink.errors import InvalidRequest, UnsupportedEncoding

CODINGS: Final = ("gzip", "deflate", "zstd")

_ALIASES: Final = {"x-gzip": "gzip", "identity": ""}
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_MAX_ZSTD_WINDOW_BYTES: Final = 8 * 1024 * 1024
"""What a sender may assume of a receiver (RFC 9659)."""


def coding_of(content_encoding: str) -> str:
    """The coding that a header names, "" for none. Raises UnsupportedEncoding for others, and for several at once."""
    named = content_encoding.strip().lower()
    coding = _ALIASES.get(named, named)
    if coding and coding not in CODINGS:
        raise UnsupportedEncoding(
            f"The request body's content-encoding is {named!r}; {', '.join(CODINGS)} or none is understood.",
            headers=[("accept-encoding", ", ".join(CODINGS))],
        )
    return coding


def decode(coding: str, body: bytes, max_bytes: int) -> bytes:
    """The body without its coding; of one that is larger than `max_bytes` a little more than that.

    Raises InvalidRequest for a body that is not in this coding, or is cut off. A second gzip member or zstd frame,
    which no client sends, is refused: the rest of the body would be copied for each of them.
    """
    try:
        out, is_whole, rest = (_unzstd if coding == "zstd" else _inflated)(coding, body, max_bytes + 1)
    except (zlib.error, zstandard.ZstdError) as error:
        raise _invalid(coding, f"it cannot be decoded ({error})") from error
    if len(out) <= max_bytes and not is_whole:
        raise _invalid(coding, "it is cut off before its end")
    if len(out) <= max_bytes and rest:
        raise _invalid(coding, "something follows its end")
    return out


def _invalid(coding: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The request body is not what its content-encoding, {coding}, says: {why}.",
        code="invalid_encoding",
        param="content-encoding",
    )


def _unzstd(_: str, body: bytes, at_most: int) -> tuple[bytes, bool, bytes]:
    """Only a reader can be limited, and only the other one tells whether the frame was whole."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW_BYTES)
    with decompressor.stream_reader(body) as reader:
        out = reader.read(at_most)
    if len(out) == at_most:
        return out, False, b""
    whole = decompressor.decompressobj()
    whole.decompress(body)
    return out, whole.eof, whole.unused_data


def _inflated(coding: str, body: bytes, at_most: int) -> tuple[bytes, bool, bytes]:
    """deflate is zlib's format or, of some senders, raw."""
    inflater = zlib.decompressobj(_GZIP if coding == "gzip" else _deflate_format(body))
    out = inflater.decompress(body, at_most)
    return out, inflater.eof, inflater.unused_data


def _deflate_format(body: bytes) -> int:
    """A zlib header names the method 8, and is a multiple of 31 (RFC 1950 §2.2)."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _ZLIB if is_zlib else _RAW
