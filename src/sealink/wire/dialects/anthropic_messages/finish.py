"""How an answer ends: Anthropic's stop reasons and SeaLink's, read and written.

https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
"""

from collections.abc import Sequence
from typing import Any, Final

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
"""A reason that is not listed counts as `stop`."""

_WIRE_REASONS: Final[dict[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def read_finish(stop: Stop, *, has_calls: bool) -> Finish:
    """`detail` is the matched stop sequence, or why the answer was refused."""
    if stop.stop_reason is None:  # a gateway that gives no reason: the answer is complete nevertheless
        return Finish("tool_calls" if has_calls else "stop")
    details = stop.stop_details or StopDetails()
    detail = ": ".join(filter(None, (stop.stop_sequence, details.category, details.explanation)))
    return Finish(_REASONS.get(stop.stop_reason, "stop"), raw_reason=stop.stop_reason, detail=detail)


def finish_fields(finish: Finish | None, sequences: Sequence[str], *, has_calls: bool) -> dict[str, Any]:
    """`stop_reason`, the `stop_sequence` that matched (one of the client's `sequences`), and why it was refused."""
    finish = finish or Finish("stop")  # the upstream ended the answer without a reason
    if finish.reason == "stop" and (matched := _matched(finish, sequences)) is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": matched}
    # OpenAI finishes with "stop" after a call that `tool_choice` forced; Anthropic's clients go by the stop_reason.
    reason = "tool_use" if finish.reason == "stop" and has_calls else _WIRE_REASONS[finish.reason]
    fields: dict[str, Any] = {"stop_reason": reason, "stop_sequence": None}
    if finish.reason == "content_filter" and finish.detail:
        fields["stop_details"] = {"type": "refusal", "category": None, "explanation": finish.detail}
    return fields


def _matched(finish: Finish, sequences: Sequence[str]) -> str | None:
    """The stop sequence that ended the answer. Cohere only says that one has: it is known if there was only one."""
    if finish.detail in sequences:
        return finish.detail
    return sequences[0] if len(sequences) == 1 and finish.raw_reason.lower() == "stop_sequence" else None
