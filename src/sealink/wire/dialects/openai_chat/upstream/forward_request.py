"""A client's own request for an upstream of the same dialect: its bytes, changed only where they must be.

What is changed: the model's name, `metadata.task_type`, `stream_options.include_usage`, since SeaLink always needs the
usage; tools of another shape than OpenAI's, or that most vendors do not have; signatures in `thinking_blocks` that
belong to other dialects, which no upstream of this one knows; and call ids that are too long for OpenAI.
"""

import re
from operator import is_
from typing import Final

from msgspec import Raw

from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_chat.upstream.tools import calls_as_functions, forwarded_tools
from sealink.wire.dialects.openai_chat.upstream.write_request import CALL_IDS, PATH
from sealink.wire.dialects.shared.forwarded_fields import forwarded_fields
from sealink.wire.identifiers import with_fitting_id
from sealink.wire.raw_json.fields import TRUE, Fields, array_of, encode, object_of, text_of, to_raw, without

_FOREIGN_SIGNATURE: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"[a-z_]+:')
"""A cheap first look: a text may contain it, too."""

_FOREIGN: Final = re.compile("[a-z_]+:")
"""A signature begins with the name of the dialect that understands it (see events.BlockMeta)."""

_OPENAIS: Final = re.compile(r"(?:^|/)(?:o[1-9]|(?:chat)?gpt-(?!oss)|codex)")
"""OpenAI's own models. Other vendors of this dialect take longer ids, and may keep a signature in them."""

_LONG_ID: Final = re.compile(rb'"(?:tool_call_)?id"\s*:\s*"[^"]{65}')


def forward_request(head: RequestHead, model: str, *, takes_custom_tools: bool = True) -> OutgoingRequest:
    """The client's own bytes; encoded again, field by field, only if something must change."""
    dropped: list[str] = []
    fields = forwarded_tools(forwarded_fields(head, model), dropped, takes_custom_tools=takes_custom_tools)
    body = head.body
    if not takes_custom_tools and body.find(b'"custom"') >= 0:  # `in` takes longer: it tries for a number first
        fields = calls_as_functions(fields)
    may_be_foreign = body.find(b'"signature"') >= 0 or body.find(b'"data"') >= 0
    if may_be_foreign and _FOREIGN_SIGNATURE.search(body):
        fields = _without_foreign_thinking(fields)
    if body.find(b'id"') >= 0 and _OPENAIS.search(model) and _LONG_ID.search(body):
        fields = _with_fitting_ids(fields)
    if head.stream and not head.include_usage:
        fields = _asking_for_usage(fields)
    return OutgoingRequest(PATH, head.body if fields == head.fields else encode(fields), dropped=dropped)


def _asking_for_usage(fields: Fields) -> Fields:
    options = object_of(fields.get("stream_options")) or {}
    return {**fields, "stream_options": to_raw({**options, "include_usage": TRUE})}


def _without_foreign_thinking(fields: Fields) -> Fields:
    """The fields without blocks of other dialects' signed thinking in `messages`."""
    messages = [_without_foreign_blocks(raw) for raw in array_of(fields.get("messages")) or ()]
    return {**fields, "messages": to_raw(messages)} if messages else fields


def _without_foreign_blocks(raw: Raw) -> Raw:
    message = object_of(raw) or {}
    blocks = array_of(message.get("thinking_blocks"))
    kept = [block for block in blocks or () if not _is_foreign(block)]
    if blocks is None or len(kept) == len(blocks):
        return raw
    return to_raw({**message, "thinking_blocks": kept} if kept else without(message, "thinking_blocks"))


def _is_foreign(raw: Raw) -> bool:
    block = object_of(raw) or {}
    return bool(_FOREIGN.match(text_of(block.get("signature")) or text_of(block.get("data")) or ""))


def _with_fitting_ids(fields: Fields) -> Fields:
    messages = array_of(fields.get("messages"))
    return fields if messages is None else {**fields, "messages": to_raw([_with_ids(raw) for raw in messages])}


def _with_ids(raw: Raw) -> Raw:
    """A message whose calls, or whose result, have ids that fit."""
    message = object_of(raw) or {}
    fitted = with_fitting_id(message, "tool_call_id", CALL_IDS)
    before = [object_of(call) or {} for call in array_of(message.get("tool_calls")) or ()]
    after = [with_fitting_id(call, "id", CALL_IDS) for call in before]
    if not all(map(is_, before, after)):
        fitted = {**fitted, "tool_calls": to_raw(after)}
    return raw if fitted is message else to_raw(fitted)
