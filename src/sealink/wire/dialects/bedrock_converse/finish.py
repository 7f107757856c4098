"""How an answer ends: Bedrock's stop reasons → SeaLink's.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
"""

from typing import Final

import msgspec

from sealink.events import Finish, FinishReason
from sealink.wire.dialects.bedrock_converse.views import ModelResponseFields, Stop

_REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""A reason that is not listed counts as `stop`."""

FAILURES: Final = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Stop reasons of an answer that failed: it is not complete, and ends in an error."""


def read_finish(stop: Stop) -> Finish:
    """`detail` is the stop sequence that matched, where Claude's own field was requested."""
    raw = stop.additional_model_response_fields
    fields = (
        msgspec.json.decode(raw, type=ModelResponseFields) if bytes(raw).startswith(b"{") else ModelResponseFields()
    )
    reason = _REASONS.get(stop.stop_reason, "stop")
    return Finish(reason, raw_reason=stop.stop_reason, detail=fields.stop_sequence or "")
