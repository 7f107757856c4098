"""A client's own request for an upstream of the same dialect: its bytes, changed only where they must be.

What is changed: the model's name, `metadata.task_type`, `stream_options.include_usage`, since SeaLink always needs the
usage; tools of another shape than OpenAI's, or that most vendors do not have; and signatures in `thinking_blocks` that
belong to other dialects, which no upstream of this one knows.
"""

import re
from typing import Final

from msgspec import Raw

from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_chat.upstream.tools import calls_as_functions, forwarded_tools
from sealink.wire.dialects.openai_chat.upstream.write_request import PATH
from sealink.wire.dialects.shared.forwarded_fields import forwarded_fields
from sealink.wire.raw_json.fields import TRUE, Fields, array_of, encode, object_of, text_of, to_raw, without

_FOREIGN_SIGNATURE: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"[a-z_]+:')
"""A cheap first look: a text may contain it, too."""

_FOREIGN: Final = re.compile("[a-z_]+:")
"""A signature begins with the name of the dialect that understands it (see events.BlockMeta)."""


def forward_request(head: RequestHead, model: str, *, takes_custom_tools: bool = True) -> OutgoingRequest:
    """The client's own bytes; encoded again, field by field, only if something must change."""
    dropped: list[str] = []
    fields = forwarded_tools(forwarded_fields(head, model), dropped, takes_custom_tools=takes_custom_tools)
    if not takes_custom_tools and b'"custom"' in head.body:
        fields = calls_as_functions(fields)
    if _FOREIGN_SIGNATURE.search(head.body):
        fields = _without_foreign_thinking(fields)
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
