"""SeaLink's errors as clients of Anthropic's API read them. https://platform.claude.com/docs/en/api/errors

{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_…"}
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import SealinkError, UpstreamRejected
from sealink.wire.dialects.anthropic_messages.error_types import NAME, TOO_LONG, TOO_LONG_WITH_OUTPUT, TYPES
from sealink.wire.dialects.shared import prompt_too_long
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import UNREADABLE

_WIRE_TYPES: Final = {type: wire for wire, (type, _) in TYPES.items()} | {"request_timeout": "timeout_error"}
_WIRE_TYPES_BY_STATUS: Final = {status: wire for wire, (_, status) in TYPES.items()} | {503: "overloaded_error"}


def error_body(error: SealinkError, request_id: str = "") -> bytes:
    """Any error in Anthropic's envelope. An Anthropic upstream's own error is passed on unchanged if it is JSON."""
    if (
        isinstance(error, UpstreamRejected)
        and error.dialect == NAME
        and _is_object(error.body)
        and not _reworded(error)
    ):
        return error.body
    wire_type = _WIRE_TYPES.get(error.type) or _WIRE_TYPES_BY_STATUS.get(error.status, "api_error")
    envelope: dict[str, object] = {"type": "error", "error": {"type": wire_type, "message": _message(error)}}
    return msgspec.json.encode(envelope | ({"request_id": request_id} if request_id else {}))


def error_frame(error: SealinkError) -> bytes:
    """The frame that ends a stream which has already begun."""
    return event_frame(b"error", b" ".join(error_body(error).splitlines()))


def _message(error: SealinkError) -> str:
    """The error's message, which begins with Anthropic's wording if the prompt is too long: by these words its
    clients know that they must shorten the conversation."""
    return f"{TOO_LONG}: {error.message}" if _reworded(error) else error.message


def _reworded(error: SealinkError) -> bool:
    """Whether a prompt is too long in words that Anthropic's clients do not know."""
    return error.code == prompt_too_long.CODE and not error.message.startswith((TOO_LONG, TOO_LONG_WITH_OUTPUT))


def _is_object(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:
        return False
    return True
