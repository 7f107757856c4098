"""Errors as clients of chat completions read them: a body, or the last frame of a stream."""

from sealink.errors import SealinkError
from sealink.wire.dialects.shared.openai_errors import error_body, error_fields, own_code, upstream_body
from sealink.wire.framing.sse import data_frame
from sealink.wire.raw_json.fields import encode, object_of

__all__ = ["error_body", "error_frame"]


def error_frame(error: SealinkError) -> bytes:
    """The frame that ends a stream which has already begun: the four fields, and those that the upstream sent."""
    own = upstream_body(error) or {}
    details = object_of(own.get("error")) or own
    return data_frame(encode({"error": error_fields(error) | details | own_code(error)}))
