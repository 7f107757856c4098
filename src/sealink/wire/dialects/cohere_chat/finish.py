"""How Cohere's answers end. https://docs.cohere.com/v2/docs/chat-api#finish-reasons"""

from typing import Final

from sealink.events import Finish, FinishReason

STATUS_OF_FAILURE: Final = {"ERROR": 502, "TIMEOUT": 504}
"""Finish reasons of answers that failed, and the HTTP status that each stands for."""

_REASONS: Final[dict[str, FinishReason]] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
    "ERROR_LIMIT": "length",
}
"""A reason that is not listed counts as `stop`."""


def read_finish(reason: str) -> Finish:
    """The finish of an answer that did not fail."""
    return Finish(_REASONS.get(reason, "stop"), raw_reason=reason)
