"""Errors of Responses upstreams: bodies as in OpenAI's other APIs, and events of their own in streams.

    {"type": "response.failed", "response": {"status": "failed", "error": {"code": "…", "message": "…"}, …}, …}
    {"type": "error", "code": "…", "message": "…", "param": null, "sequence_number": 3}      or all this in `error`

https://platform.openai.com/docs/api-reference/responses-streaming/error
"""

import re

from sealink.errors import UpstreamRejected
from sealink.wire.dialects.openai_responses.finish import STATUS_OF_CODE
from sealink.wire.dialects.openai_responses.views import Failure
from sealink.wire.dialects.shared import prompt_too_long
from sealink.wire.dialects.shared.openai_errors import NAME as BODY_DIALECT
from sealink.wire.dialects.shared.openai_errors import read_error
from sealink.wire.dialects.shared.upstream_errors import type_of_status
from sealink.wire.raw_json.fields import encode

__all__ = ["read_error", "read_failure"]

_STATUS = re.compile("[45][0-9][0-9]")


def read_failure(failure: Failure | str | None) -> UpstreamRejected:
    """An error inside a stream, or in a body under a 200. Its code, or else its type, stands for the status."""
    failure = Failure(message=failure) if isinstance(failure, str) else failure or Failure()
    code = None if failure.code is None else str(failure.code)
    status = int(code) if code is not None and _STATUS.fullmatch(code) else 0
    status = status or STATUS_OF_CODE.get(code or "", 0) or STATUS_OF_CODE.get(failure.type or "", 0)
    message = failure.message or "The upstream reported an error without a message."
    if prompt_too_long.is_prompt_too_long(status or None, message, code, failure.type):
        status, code = status or 400, prompt_too_long.CODE
    status = status or 502
    type = failure.type if failure.type not in (None, "error") else type_of_status(status)
    body = {"message": message, "type": type, "param": failure.param, "code": code}
    return UpstreamRejected(
        message,
        status=status,
        type=type or "",
        code=code,
        param=failure.param,
        body=encode({"error": body}),
        dialect=BODY_DIALECT,
    )
