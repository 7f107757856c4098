"""Errors for clients of the Responses API: bodies as in OpenAI's other APIs, and an event of their own in streams.

    {"type": "response.failed", "response": {"status": "failed", "error": {"code": "…", "message": "…"}, …}, …}

https://platform.openai.com/docs/api-reference/responses-streaming/response/failed
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sealink.errors import SealinkError
from sealink.wire.dialects.openai_responses.finish import STATUS_OF_CODE
from sealink.wire.dialects.shared import openai_errors, prompt_too_long
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import encode, to_raw

__all__ = ["FAILED", "error_body", "error_frame", "failed_fields"]

FAILED: Final = "response.failed"

_CODE_OF_STATUS: Final = {
    400: "invalid_prompt",
    402: "insufficient_quota",
    413: "context_length_exceeded",
    429: "rate_limit_exceeded",
}
_KNOWN_CODES: Final = STATUS_OF_CODE.keys() | {"server_error", "cyber_policy", "misalignment_policy_violation"}

_RETRY_HINT: Final = re.compile(r"try again in\s*\d", re.I)


def error_body(error: SealinkError) -> bytes:
    """An error in OpenAI's envelope. That the prompt is too long stands even over the upstream's own code: agents
    shorten the conversation when they read it."""
    too_long = error.code == prompt_too_long.CODE
    return openai_errors.error_body(error, {"code": to_raw(error.code)} if too_long else None)


def failed_fields(error: SealinkError, response: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `response.failed`, with the error in two places.

    Agents read `response.error`; the stock SDKs raise on a top-level `error`, without which a program that only prints
    deltas would take a cut answer for a whole one.
    """
    failure = {"code": _code(error), "message": _message(error)}
    described = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {"response": {**response, "status": "failed", "error": failure}, "error": described}


def error_frame(error: SealinkError, response: Mapping[str, Any] | None = None, sequence_number: int = 0) -> bytes:
    """The frame that ends a stream in which SeaLink has built no response: none has begun, or it is passed through.

    `response` are the fields that the client knows of it, `sequence_number` is the next one."""
    known = {"id": "", "object": "response", "created_at": 0, "model": "", "output": [], **(response or {})}
    fields = {"type": FAILED, **failed_fields(error, known), "sequence_number": sequence_number}
    return event_frame(FAILED.encode(), encode(fields))


def _code(error: SealinkError) -> str:
    """`response.error.code`, by which agents decide whether to go on (shorten the input, wait, give up).

    Codex acts on `context_length_exceeded`, `insufficient_quota`, `usage_not_included`, `rate_limit_exceeded`,
    `invalid_prompt` and `server_is_overloaded`, and tries again after any other (codex-rs, sse/responses.rs).
    """
    if error.code in _KNOWN_CODES:
        return str(error.code)
    return _CODE_OF_STATUS.get(error.status, "server_error")


def _message(error: SealinkError) -> str:
    """The message, with the time to wait in the words that Codex looks for."""
    headers = dict(error.headers)
    after = headers.get("retry-after", "")
    if after.isdecimal() and error.status == 429 and not _RETRY_HINT.search(error.message):
        return f"{error.message} Please try again in {after}s."
    return error.message
