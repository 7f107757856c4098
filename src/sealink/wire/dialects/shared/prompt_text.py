"""The words of a request: what a tokenizer would be given, near enough to estimate their number."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from sealink.wire.raw_json.fields import Fields


def words_of(fields: Fields, wordy: Collection[str], not_words: Collection[str]) -> str:
    """All strings of these fields, but for those under names that hold no words (ids, pictures, signatures)."""
    read = (msgspec.json.decode(fields[name]) for name in wordy if name in fields)
    return "\n".join(words for value in read for words in _words(value, not_words))


def _words(value: Any, not_words: Collection[str]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, not_words)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in not_words:
                yield from _words(item, not_words)
