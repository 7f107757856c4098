"""The words of a request: what a tokenizer would be given, near enough to estimate their number."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from sealink.wire.dialect import RequestHead

_WORDY: Final = ("instructions", "input", "tools", "text")
_NOT_WORDS: Final = frozenset(
    {"image_url", "file_url", "file_data", "data", "file_id", "encrypted_content", "type", "call_id", "id", "role"}
)


def prompt_text(head: RequestHead) -> str:
    """Instructions, input, tools and schemas as text; images, files and audio are left out."""
    return "\n".join(
        words for name in _WORDY if name in head.fields for words in _words(msgspec.json.decode(head.fields[name]))
    )


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _NOT_WORDS:
                yield from _words(item)
