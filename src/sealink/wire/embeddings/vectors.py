"""Embeddings as lists of numbers, and as OpenAI's base64: 32-bit floats, the lowest byte first."""

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence

from sealink.wire.embeddings.request import EncodingFormat


def encoded(vector: Sequence[float], encoding: EncodingFormat) -> Sequence[float] | str:
    """A vector as the client asked for it."""
    return to_base64(vector) if encoding == "base64" else vector


def to_base64(vector: Sequence[float]) -> str:
    """What no 32-bit float holds becomes infinite."""
    return b64encode(_little_endian(array("f", vector)).tobytes()).decode()


def from_base64(text: str) -> list[float]:
    """Raises ValueError if it is none."""
    floats = array("f")
    floats.frombytes(b64decode(text, validate=True))
    return _little_endian(floats).tolist()


def _little_endian(floats: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        floats.byteswap()
    return floats
