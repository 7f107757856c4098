"""Responses-shaped bodies on the path of Chat Completions → chat completion requests.

Cursor posts bodies of the Responses API (`input`, flat tools) to `/chat/completions`, and expects chat completions.
https://docs.litellm.ai/docs/proxy/cursor
"""

from collections.abc import Mapping
from typing import Final

from sealink.wire.dialect import ClientDialect
from sealink.wire.dialects.openai_chat.upstream.write_request import write_request
from sealink.wire.raw_json.fields import encode, is_null, parse_object, without
from sealink.wire.raw_json.request_fields import read_body

_STREAM_OPTIONS: Final = "stream_options"
_KEPT: Final = ("metadata", "prompt_cache_key", "safety_identifier", "store", _STREAM_OPTIONS)
"""Fields that both APIs have alike."""


def is_responses_body(body: bytes) -> bool:
    """Whether a body has `input` instead of `messages`. Raises InvalidRequest if it is not a JSON object."""
    if body.find(b'"input"') < 0:  # nearly always; `in` takes longer
        return False
    _, fields = read_body(body)
    return not is_null(fields.get("input")) and bytes(fields.get("messages", b"[]")) in (b"[]", b"null")


def rewrite(body: bytes, headers: Mapping[str, str], responses_api: ClientDialect) -> bytes:
    """The same request as a chat completion request. Raises InvalidRequest naming what that does not support."""
    head = responses_api.parse_head(body, headers)
    request = responses_api.parse_request(head)
    written, _ = write_request(request, head.model)
    kept = {name: head.fields[name] for name in _KEPT if not is_null(head.fields.get(name))}
    return encode(without(parse_object(written), _STREAM_OPTIONS) | kept)
