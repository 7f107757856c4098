"""The words of a request, to be counted."""

from typing import Final

from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.shared.prompt_text import join_strings

_WORDY: Final = ("messages", "tools", "functions", "response_format")
_NOT_WORDS: Final = frozenset(
    {"url", "data", "file_data", "file_id", "type", "signature", "tool_call_id", "id", "role"}
)


def prompt_text(head: RequestHead) -> str:
    """Messages, tools and schemas as text; images, files and audio are left out."""
    return join_strings(head.fields, _WORDY, _NOT_WORDS)
