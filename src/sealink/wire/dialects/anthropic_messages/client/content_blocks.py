"""Content blocks as the stream and the whole message both write them, with their citations.

https://platform.claude.com/docs/en/api/messages/create#response
"""

from typing import Any, Final

from msgspec import Raw

from sealink.events import BlockKind, Citation
from sealink.wire.dialects.anthropic_messages.error_types import NAME

TEXT_KINDS: Final[tuple[BlockKind, ...]] = ("text", "refusal")
"""Anthropic has no block of its own for a refusal: its models refuse in a text."""

CALL_KINDS: Final[tuple[BlockKind, ...]] = ("tool_call", "custom_tool_call")

UNWRITTEN_KINDS: Final[tuple[BlockKind, ...]] = ("other",)
"""Blocks that only clients of the upstream's own dialect understand: they are left out."""


def content_block(kind: BlockKind, *, id: str, name: str, data: str) -> dict[str, Any]:
    """A block as it opens, with everything that does not follow in deltas."""
    match kind:
        case "reasoning":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_reasoning":
            return {"type": "redacted_thinking", "data": data}
        case "tool_call" | "custom_tool_call":
            return {"type": "tool_use", "id": id, "name": name, "input": {}}
    return {"type": "text", "text": ""}


def markdown_image(media_type: str, data: str) -> str:
    """An image that another vendor's model made: Anthropic has no block for it, so it is written as Markdown text."""
    return f"![](data:{media_type};base64,{data})"


def citation_object(citation: Citation) -> Raw | dict[str, Any]:
    """A URL is cited as a web search's result, any other source as a result of a search of the client's own."""
    if citation.dialect == NAME:
        return Raw(citation.raw)
    location: dict[str, Any]
    if citation.url:
        location = {"type": "web_search_result_location", "url": citation.url, "encrypted_index": ""}
    else:
        indexes = {"search_result_index": 0, "start_block_index": 0, "end_block_index": 0}
        location = {"type": "search_result_location", "source": "", **indexes}
    return {**location, "title": citation.title or None, "cited_text": citation.quote}
