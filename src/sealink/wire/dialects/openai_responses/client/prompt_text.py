"""The words of a request, to be counted where no provider reports how many tokens they are."""

from typing import Final

from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.shared.prompt_text import words_of

_WORDY: Final = ("instructions", "input", "tools", "text")
_NOT_WORDS: Final = frozenset(
    {"image_url", "file_url", "file_data", "data", "file_id", "encrypted_content", "type", "call_id", "id", "role"}
)


def prompt_text(head: RequestHead) -> str:
    """Instructions, input, tools and schemas as text; images, files and audio are left out."""
    return words_of(head.fields, _WORDY, _NOT_WORDS)
