"""How many tokens a text is: an estimate by OpenAI's o200k vocabulary, where no provider has said."""

from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=1)
def vocabulary() -> Callable[[str], list[int]]:
    """The encoder of the vocabulary. Reading it takes a second or two: a server does that before it is needed."""
    from bpe_openai import get_encoding  # the import itself reads the vocabularies

    encode: Callable[[str], list[int]] = get_encoding("o200k_base").encode_ordinary
    return encode


def count_tokens(text: str) -> int:
    """The number of tokens of a text. Other vendors' own counts differ by some per cent."""
    return len(vocabulary()(text)) if text else 0
