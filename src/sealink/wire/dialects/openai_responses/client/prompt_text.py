"""A request's text, to estimate its tokens where no provider reports them."""

from typing import Final

from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.shared.prompt_text import join_strings

_TEXT_FIELDS: Final = ("instructions", "input", "tools", "text")
_SKIPPED: Final = frozenset(
    {"image_url", "file_url", "file_data", "data", "file_id", "encrypted_content", "type", "call_id", "id", "role"}
)


def prompt_text(head: RequestHead) -> str:
    """Instructions, input, tools and schemas as text; images, files and audio are left out."""
    return join_strings(head.fields, _TEXT_FIELDS, _SKIPPED)
