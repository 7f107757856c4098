"""The answer to OpenAI's clients: a list of vectors, as numbers or as base64 of 32-bit little-endian floats.

https://platform.openai.com/docs/api-reference/embeddings/object
"""

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence

from sealink.wire.embeddings.parse_request import EncodingFormat
from sealink.wire.raw_json.fields import encode


def encode_answer(vectors: Iterable[Sequence[float]], encoding: EncodingFormat, model: str, tokens: int) -> bytes:
    """The vectors in the order of the request's inputs, which were `tokens` long."""
    data = [
        {"object": "embedding", "index": index, "embedding": encode_vector(vector, encoding)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode({"object": "list", "data": data, "model": model, "usage": usage})


def encode_vector(vector: Sequence[float], encoding: EncodingFormat) -> Sequence[float] | str:
    """A vector in the format that the client asked for."""
    return to_base64(vector) if encoding == "base64" else vector


def to_base64(vector: Sequence[float]) -> str:
    """A number beyond the range of a 32-bit float becomes infinite."""
    return b64encode(_little_endian(array("f", vector)).tobytes()).decode()


def from_base64(text: str) -> list[float]:
    """Raises ValueError if it is not base64 of 32-bit floats."""
    floats = array("f")
    floats.frombytes(b64decode(text, validate=True))
    return _little_endian(floats).tolist()


def _little_endian(floats: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        floats.byteswap()
    return floats
