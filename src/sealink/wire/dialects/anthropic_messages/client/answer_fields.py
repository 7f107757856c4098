"""Pieces of an answer that look alike in a stream and in a whole message: content blocks, citations, how it ended.

https://platform.claude.com/docs/en/api/messages/create#response
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw

from sealink.events import BlockKind, Citation, Finish, FinishReason
from sealink.usage import Usage
from sealink.wire.dialects.anthropic_messages.errors import NAME

REASONS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}

TEXT_KINDS: Final[tuple[BlockKind, ...]] = ("text", "refusal")
"""Anthropic's models refuse in plain words."""

CALL_KINDS: Final[tuple[BlockKind, ...]] = ("tool_call", "custom_tool_call")

UNTOLD_KINDS: Final[tuple[BlockKind, ...]] = ("other",)
"""What only clients of the upstream's own dialect understand."""


def content_block(kind: BlockKind, *, id: str, name: str, data: str) -> dict[str, Any]:
    """A block as it opens, with all that is not told in deltas."""
    match kind:
        case "reasoning":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_reasoning":
            return {"type": "redacted_thinking", "data": data}
        case "tool_call" | "custom_tool_call":
            return {"type": "tool_use", "id": id, "name": name, "input": {}}
    return {"type": "text", "text": ""}


def picture(media_type: str, data: str) -> str:
    """Anthropic's models make no pictures: one that another has made is told as Markdown has it."""
    return f"![](data:{media_type};base64,{data})"


def citation(said: Citation) -> Raw | dict[str, Any]:
    """An address is cited as a web search's result, anything else as one of a search of the client's own."""
    if said.dialect == NAME:
        return Raw(said.raw)
    place: dict[str, Any]
    if said.url:
        place = {"type": "web_search_result_location", "url": said.url, "encrypted_index": ""}
    else:
        block = {"search_result_index": 0, "start_block_index": 0, "end_block_index": 0}
        place = {"type": "search_result_location", "source": "", **block}
    return {**place, "title": said.title or None, "cited_text": said.quote}


def stop(finish: Finish | None, sequences: Sequence[str], *, has_calls: bool) -> dict[str, Any]:
    """How the answer ended: `stop_reason`, the matched one of the client's `sequences`, why it was refused."""
    finish = finish or Finish("stop")  # the upstream said that all is well, and not how
    if finish.reason == "stop" and finish.detail in sequences:
        return {"stop_reason": "stop_sequence", "stop_sequence": finish.detail}
    # OpenAI says "stop" of a call that it was told to make; Anthropic's clients go by the stop_reason.
    reason = "tool_use" if finish.reason == "stop" and has_calls else REASONS[finish.reason]
    said: dict[str, Any] = {"stop_reason": reason, "stop_sequence": None}
    if finish.reason == "content_filter" and finish.detail:
        said["stop_details"] = {"type": "refusal", "category": None, "explanation": finish.detail}
    return said


def usage_object(usage: Usage | None) -> dict[str, Any]:
    """Usage in Anthropic's shape, which counts cached input apart. Zeros where the provider did not say."""
    usage = usage or Usage()
    cached = usage.cached_read_tokens + usage.cached_write_tokens
    return {
        **usage.extras,
        "input_tokens": max(usage.input_tokens - cached, 0),
        "cache_creation_input_tokens": usage.cached_write_tokens,
        "cache_read_input_tokens": usage.cached_read_tokens,
        "output_tokens": usage.output_tokens,
        **({"output_tokens_details": {"thinking_tokens": usage.reasoning_tokens}} if usage.reasoning_tokens else {}),
    }
