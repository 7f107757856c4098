"""How an answer ended, in Anthropic's words and in SeaLink's."""

from typing import Final

from sealink.events import Finish, FinishReason
from sealink.wire.dialects.anthropic_messages.views import Stop, StopDetails

_REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons; a reason to come counts as `stop`."""


def finish(stop: Stop, *, has_calls: bool) -> Finish:
    """`detail` is what was said about it: the matched stop sequence, or why the answer was refused."""
    if stop.stop_reason is None:  # a gateway that does not say: the answer is whole all the same
        return Finish("tool_calls" if has_calls else "stop")
    details = stop.stop_details or StopDetails()
    detail = ": ".join(filter(None, (stop.stop_sequence, details.category, details.explanation)))
    return Finish(_REASONS.get(stop.stop_reason, "stop"), raw_reason=stop.stop_reason, detail=detail)
