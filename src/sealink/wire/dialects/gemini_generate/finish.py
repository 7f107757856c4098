"""How Gemini's answers end. https://ai.google.dev/api/generate-content#FinishReason"""

from typing import Final

from sealink.errors import UpstreamError
from sealink.events import Finish, FinishReason

FAILURES: Final = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "NO_IMAGE",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    }
)
"""Finish reasons of answers that failed: the model's output was discarded, and the rest must not pass for an answer."""

_REASONS: Final[dict[str, FinishReason]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "OTHER": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "IMAGE_OTHER": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
}
"""A reason that is not listed counts as `stop`: agents loop on any other."""


def read_finish(reason: str, message: str, *, choice: int, has_calls: bool) -> Finish:
    """How a candidate ended: its `finishReason` and `finishMessage`. One with tool calls ends with STOP, too."""
    finish = _REASONS.get(reason, "stop")
    detail = message if finish == "content_filter" else ""
    finish = "tool_calls" if finish == "stop" and has_calls else finish
    return Finish(finish, raw_reason=reason, choice=choice, detail=detail)


def failed_answer(reason: str, message: str) -> UpstreamError:
    """The error for an answer that failed. Another attempt often succeeds."""
    text = f"The upstream ended the answer with {reason}." + (f" {message}" if message else "")
    return UpstreamError(text, code="upstream_failed")
