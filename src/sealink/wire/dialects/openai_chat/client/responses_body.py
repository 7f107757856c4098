"""Requests of another shape on this dialect's path, rewritten.

Cursor posts bodies of the Responses API (`input`, flat tools) to `/chat/completions`, and reads chat completions.
https://docs.litellm.ai/docs/proxy/cursor
"""

from collections.abc import Mapping
from typing import Final

from sealink.wire.dialect import ClientDialect
from sealink.wire.dialects.openai_chat.upstream.write_request import write_request
from sealink.wire.raw_json.fields import encode, is_null, parse_object, without
from sealink.wire.raw_json.request_fields import read_body

_ASKED: Final = "stream_options"
_KEPT: Final = ("metadata", "prompt_cache_key", "safety_identifier", "store", _ASKED)
"""Fields that mean the same in both."""


def is_of_another_shape(body: bytes) -> bool:
    """Whether a body has `input` in the place of `messages`. Raises InvalidRequest if it is no JSON object."""
    if b'"input"' not in body:
        return False
    _, fields = read_body(body)
    return not is_null(fields.get("input")) and bytes(fields.get("messages", b"[]")) in (b"[]", b"null")


def rewritten(body: bytes, headers: Mapping[str, str], cousin: ClientDialect) -> bytes:
    """The request as this dialect has it. Raises InvalidRequest naming what it cannot express."""
    head = cousin.parse_head(body, headers)
    request = cousin.parse_request(head)
    written, _ = write_request(request, head.model)
    same = {name: raw for name in _KEPT if not is_null(raw := head.fields.get(name))}
    return encode(without(parse_object(written), _ASKED) | {name: raw for name, raw in same.items() if raw is not None})
