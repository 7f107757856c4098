"""The errors of the Responses API: bodies are those of OpenAI's other APIs, streams have events of their own.

    {"type": "response.failed", "response": {"status": "failed", "error": {"code": "…", "message": "…"}, …}, …}
    {"type": "error", "code": "…", "message": "…", "param": null, "sequence_number": 3}      or all this in `error`

https://platform.openai.com/docs/api-reference/responses-streaming/error
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sealink.errors import SealinkError, UpstreamRejected
from sealink.wire.dialects.openai_chat.upstream.errors import read_error
from sealink.wire.dialects.openai_responses.views import Failure
from sealink.wire.dialects.shared.openai_errors import NAME as BODY_DIALECT
from sealink.wire.dialects.shared.openai_errors import error_body
from sealink.wire.dialects.shared.upstream_errors import type_of_status
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import encode

__all__ = ["FAILED", "error_body", "error_frame", "failed", "read_error", "read_failure"]

FAILED: Final = "response.failed"

_STATUS_OF: Final = {
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
"""The status that a code, or a type, stands for inside a stream; 502 for all others."""

_CODE_OF: Final = {400: "invalid_prompt", 402: "insufficient_quota", 413: "context_length_exceeded"}
_KNOWN_CODES: Final = _STATUS_OF.keys() | {"server_error", "cyber_policy", "misalignment_policy_violation"}

_RETRY_WORDS: Final = re.compile(r"try again in\s*\d", re.I)


def read_failure(failure: Failure | str | None) -> UpstreamRejected:
    """An error inside a stream, or in a body under a 200."""
    said = Failure(message=failure) if isinstance(failure, str) else failure or Failure()
    code = None if said.code is None else str(said.code)
    status = int(code) if code is not None and re.fullmatch("[45][0-9][0-9]", code) else 0
    status = status or _STATUS_OF.get(code or "", 0) or _STATUS_OF.get(said.type or "", 502)
    message = said.message or "The upstream reported an error without words."
    type = said.type if said.type not in (None, "error") else type_of_status(status)
    body = {"message": message, "type": type, "param": said.param, "code": code}
    return UpstreamRejected(
        message,
        status=status,
        type=type or "",
        code=code,
        param=said.param,
        body=encode({"error": body}),
        dialect=BODY_DIALECT,
    )


def failed_code(error: SealinkError) -> str:
    """`response.error.code`: one of the words by which agents decide whether to go on (shorten, wait, give up).

    Codex tells `context_length_exceeded`, `insufficient_quota`, `usage_not_included`, `rate_limit_exceeded`,
    `invalid_prompt` and `server_is_overloaded` apart, and tries again after any other (codex-rs, sse/responses.rs).
    """
    if error.code in _KNOWN_CODES:
        return str(error.code)
    if error.status == 429:
        return "rate_limit_exceeded"
    return _CODE_OF.get(error.status, "server_error")


def failed_words(error: SealinkError) -> str:
    """The message, with the time to wait in the words that Codex looks for."""
    headers = dict(error.headers)
    after = headers.get("retry-after", "")
    if after.isdecimal() and error.status == 429 and not _RETRY_WORDS.search(error.message):
        return f"{error.message} Please try again in {after}s."
    return error.message


def failed(error: SealinkError, response: Mapping[str, Any]) -> dict[str, Any]:
    """What `response.failed` says, and says twice: agents read the response's error, and the stock SDKs raise what
    stands in `error`; without that, a program that only prints deltas would take a cut answer for a whole one."""
    said = {"code": failed_code(error), "message": failed_words(error)}
    described = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {"response": {**response, "status": "failed", "error": said}, "error": described}


def error_frame(error: SealinkError, response_id: str = "") -> bytes:
    """The one frame that ends a stream of which nothing else is known: no answer has begun, or it is relayed."""
    said = failed(error, {"id": response_id, "object": "response", "created_at": 0, "model": "", "output": []})
    return event_frame(FAILED.encode(), encode({"type": FAILED, **said, "sequence_number": 0}))
