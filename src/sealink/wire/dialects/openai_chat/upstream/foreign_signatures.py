"""Signatures of other dialects, which SeaLink once handed out in `thinking_blocks`: no upstream here knows them."""

import re
from typing import Final

from msgspec import Raw

from sealink.wire.raw_json.fields import Fields, array_of, object_of, text_of, to_raw, without

FOREIGN_SIGNATURE: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"[a-z_]+:')
"""It may stand in a text: that is looked at closely."""

_MARK: Final = re.compile("[a-z_]+:")


def without_foreign_thinking(fields: Fields) -> Fields:
    """The request without blocks whose signature begins with a dialect's name and a colon (see events.BlockMeta)."""
    messages = [_mended(raw) for raw in array_of(fields.get("messages")) or ()]
    return {**fields, "messages": to_raw(messages)} if messages else fields


def _mended(raw: Raw) -> Raw:
    message = object_of(raw) or {}
    blocks = array_of(message.get("thinking_blocks"))
    kept = [block for block in blocks or () if not _is_marked(block)]
    if blocks is None or len(kept) == len(blocks):
        return raw
    return to_raw({**message, "thinking_blocks": kept} if kept else without(message, "thinking_blocks"))


def _is_marked(raw: Raw) -> bool:
    block = object_of(raw) or {}
    return bool(_MARK.match(text_of(block.get("signature")) or text_of(block.get("data")) or ""))
