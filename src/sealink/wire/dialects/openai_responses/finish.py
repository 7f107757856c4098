"""How a response ends: its `status`, why it is incomplete, and the codes of its error.

https://platform.openai.com/docs/api-reference/responses/object
"""

from typing import Any, Final

from sealink.events import Finish, FinishReason
from sealink.wire.dialects.openai_responses.views import Response

_REASONS: Final[dict[str, FinishReason]] = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Why a response is incomplete. A reason that is not listed counts as `length`."""

_INCOMPLETE: Final = {ours: theirs for theirs, ours in _REASONS.items()}

STATUS_OF_CODE: Final = {
    "bio_policy": 400,
    "context_length_exceeded": 400,
    "invalid_api_key": 401,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "insufficient_quota": 429,
    "overloaded_error": 503,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "usage_not_included": 403,
}
"""The HTTP status that an error's `code`, or `type`, stands for inside a stream; any other stands for 502."""


def read_finish(response: Response, *, has_calls: bool) -> Finish:
    """How an upstream's response ended. An incomplete one may give no reason."""
    if response.status == "incomplete" or (response.incomplete_details and response.incomplete_details.reason):
        reason = (response.incomplete_details.reason if response.incomplete_details else None) or "incomplete"
        return Finish(_REASONS.get(reason, "length"), raw_reason=reason)
    return Finish("tool_calls" if has_calls else "stop", raw_reason=response.status or "completed")


def finish_fields(finish: Finish | None) -> dict[str, Any]:
    """`status` and `incomplete_details` of the response that a client is sent."""
    reason = _INCOMPLETE.get(finish.reason) if finish is not None else None
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
    }
