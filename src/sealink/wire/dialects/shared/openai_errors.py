"""Errors as the clients of OpenAI's APIs read them: the same body for chat completions, embeddings and responses.

    {"error": {"message": "…", "type": "invalid_request_error", "param": "stop", "code": "unsupported_parameter"}}

https://platform.openai.com/docs/guides/error-codes
"""

from typing import Final

from sealink.errors import SealinkError, UpstreamRejected
from sealink.wire.raw_json.fields import Fields, encode, object_of, parse_object, text_of, to_raw, without

NAME: Final = "openai"
"""The dialect whose upstreams send such a body, too."""


def error_body(error: SealinkError) -> bytes:
    """Any error in OpenAI's envelope; one that an upstream already put there whole goes out byte for byte."""
    own = upstream_body(error)
    if own is None or not isinstance(error, UpstreamRejected):
        return encode({"error": error_fields(error)})
    around, said = (own, object_of(own["error"]) or {}) if "error" in own else ({}, own)  # Mistral's stand bare
    missing = without(error_fields(error), *said)
    return encode({**around, "error": {**said, **missing}}) if missing or not around else error.body


def error_fields(error: SealinkError) -> Fields:
    described = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {name: to_raw(value) for name, value in described.items()}


def upstream_body(error: SealinkError) -> Fields | None:
    """What an upstream of this dialect said, if it has an `error` object with a message, or is one."""
    if not isinstance(error, UpstreamRejected) or error.dialect != NAME or not error.body:
        return None
    try:
        fields = parse_object(error.body)
    except (ValueError, RecursionError):
        return None
    described = object_of(fields.get("error")) if "error" in fields else fields
    return fields if text_of((described or {}).get("message")) else None
