"""How many tokens a text is: an estimate by OpenAI's o200k vocabulary, where no provider has said."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

_PIECE_CHARS: Final = 64 * 1024
"""The encoder refuses a text of a megabyte; a border inside a text costs a token at most."""

_SAMPLE_CHARS: Final = 256 * 1024
"""Ten milliseconds' worth of counting."""


@lru_cache(maxsize=1)
def vocabulary() -> Callable[[str], list[int]]:
    """The encoder of the vocabulary. Reading it takes a second or two: a server does that before it is needed."""
    from bpe_openai import get_encoding  # the import itself reads the vocabularies

    encode: Callable[[str], list[int]] = get_encoding("o200k_base").encode_ordinary
    return encode


def count_tokens(text: str) -> int:
    """The number of tokens of a text. Other vendors' own counts differ by some per cent."""
    pieces = (text[begin : begin + _PIECE_CHARS] for begin in range(0, len(text), _PIECE_CHARS))
    return sum(len(vocabulary()(piece)) for piece in pieces)


def estimate_tokens(text: str) -> int:
    """As `count_tokens`, in bounded time: the rest of a very long text is taken to be like its beginning."""
    if len(text) <= _SAMPLE_CHARS:
        return count_tokens(text)
    return count_tokens(text[:_SAMPLE_CHARS]) * len(text) // _SAMPLE_CHARS
