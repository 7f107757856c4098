"""The words of a request: what a tokenizer would be given, near enough to estimate their number."""

from collections.abc import Iterator
from typing import Any

import msgspec

from sealink.wire.dialect import RequestHead

_WORDY = ("messages", "tools", "functions", "response_format")
_NOT_WORDS = frozenset({"url", "data", "file_data", "file_id", "type", "signature", "tool_call_id", "id", "role"})


def prompt_text(head: RequestHead) -> str:
    """Messages, tools and schemas as text; images, files and audio are left out."""
    return "\n".join(words for name in _WORDY if name in head.fields for words in _words(_value(head.fields[name])))


def _value(raw: msgspec.Raw) -> Any:
    return msgspec.json.decode(raw)


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
