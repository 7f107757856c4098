"""How many tokens a text has, where no provider has reported it: an estimate by OpenAI's o200k vocabulary."""

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import Final

_PIECE_CHARS: Final = 64 * 1024
"""A text is counted in pieces; each border between two adds one token at most."""
_SAMPLE_CHARS: Final = 256 * 1024
"""What is counted in ten milliseconds."""


@lru_cache(maxsize=1)
def vocabulary() -> Callable[[str], int]:
    """The tokenizer of bpe-openai, without the package around it, which reads every vocabulary in 1.6 s and 130 MB.

    It is loaded when a text is first counted, which most processes never do: providers report usage, and only what
    they leave out is estimated. It takes 68 MiB, and 40 ms in which nothing else runs: the library holds Python's lock
    throughout, so a thread would stop the event loop just as long. That happens once in the life of a process.
    """
    package = importlib.util.find_spec("bpe_openai")
    spec = PathFinder.find_spec("bpe_openai._bindings", package.submodule_search_locations if package else None)
    if spec is None or spec.loader is None:
        raise ImportError("bpe_openai._bindings is not there", name="bpe_openai._bindings")
    bindings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bindings)
    count: Callable[[str], int] = bindings.tokenizer_for_encoding("o200k_base").count
    return count


def count_tokens(text: str) -> int:
    """The number of tokens of a text. Other vendors' own counts differ by some per cent."""
    if not text:
        return 0
    count = vocabulary()
    if len(text) <= _PIECE_CHARS:
        try:
            return count(text)
        except UnicodeEncodeError:
            pass
    text = text.encode(errors="replace").decode()  # a lone surrogate is no text
    return sum(count(text[begin : begin + _PIECE_CHARS]) for begin in range(0, len(text), _PIECE_CHARS))


def estimate_tokens(text: str) -> int:
    """As `count_tokens`, in bounded time: of a very long text the beginning is counted, the rest inferred."""
    if len(text) <= _SAMPLE_CHARS:
        return count_tokens(text)
    return count_tokens(text[:_SAMPLE_CHARS]) * len(text) // _SAMPLE_CHARS
