"""A client's own request, for an Anthropic upstream: the same bytes, with as few changes as possible.

"Forward headers and body unchanged" (https://code.claude.com/docs/en/llm-gateway). Five things in the body
are replaced or removed: the model's alias, `metadata.task_type`, thinking that Claude did not sign, media types that
Anthropic does not know, and call ids of other models that Claude's API does not take.
"""

import re
from operator import is_
from typing import Final

from msgspec import Raw

from sealink.request import Audio, Image
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.anthropic_messages.upstream.turns import THINKING_TYPES
from sealink.wire.dialects.anthropic_messages.upstream.write_request import CALL_IDS, PATH, VERSION
from sealink.wire.dialects.shared import media
from sealink.wire.dialects.shared.claude.models import is_claude
from sealink.wire.dialects.shared.claude.thinking import is_claude_signature
from sealink.wire.identifiers import with_fitting_id
from sealink.wire.raw_json.fields import Fields, array_of, encode, object_of, text_of, to_raw
from sealink.wire.raw_json.request_fields import own_metadata

COUNT_PATH: Final = f"{PATH}/count_tokens"

_FOREIGN: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"(?:"|[a-z_]+:)')
"""A signature that is empty, or marked as another dialect's. As this also matches inside a text, the blocks are then
parsed to be certain."""

_ODD_MEDIA: Final = re.compile(rb'"media_type"\s*:\s*"(?!image/(?:png|jpeg|gif|webp)"|application/pdf"|text/plain")')
"""A media type that Anthropic does not take: it may be another name of one that it takes."""

_ODD_ID: Final = re.compile(rb'"(?:tool_use_)?id"\s*:\s*"(?![a-zA-Z0-9_-]{1,64}")')
"""An id that Anthropic does not take: another vendor's model made the call (`functions.read:0`, Kimi)."""

_IDS: Final = {"tool_use": "id", "tool_result": "tool_use_id"}


def forward_request(head: RequestHead, model: str) -> OutgoingRequest:
    """The body is encoded anew only if one of its fields must change."""
    return _forwarded(PATH, head, model)


def forward_count(head: RequestHead, model: str) -> OutgoingRequest:
    """The same, for the endpoint that counts a request's tokens."""
    return _forwarded(COUNT_PATH, head, model)


def _forwarded(path: str, head: RequestHead, model: str) -> OutgoingRequest:
    fields = dict(head.fields)
    if model != head.model:
        fields["model"] = to_raw(model)
    if head.task_type is not None:
        fields["metadata"] = to_raw(own_metadata(fields))
    if _FOREIGN.search(head.body):
        fields = _without_foreign_thinking(fields)
    if _ODD_MEDIA.search(head.body):
        fields = _with_known_media(fields)
    if is_claude(model) and _ODD_ID.search(head.body):
        fields = _with_fitting_ids(fields)
    has_version = any(name == VERSION[0] for name, _ in head.headers)
    return OutgoingRequest(
        path=f"{path}?{head.query}" if head.query else path,
        body=head.body if fields == head.fields else encode(fields),
        headers=head.headers if has_version else [VERSION, *head.headers],
    )


def _without_foreign_thinking(fields: Fields) -> Fields:
    """Removes the thinking that Claude did not sign, and the messages that consist of nothing else."""
    messages = []
    changed = False
    for raw in array_of(fields.get("messages")) or []:
        message = object_of(raw) or {}
        blocks = array_of(message.get("content"))
        kept = [block for block in blocks or () if not _is_foreign(block)]
        if blocks is None or len(kept) == len(blocks):
            messages.append(raw)
            continue
        changed = True
        if kept:
            messages.append(to_raw({**message, "content": to_raw(kept)}))
    return {**fields, "messages": to_raw(messages)} if changed else fields


def _with_known_media(fields: Fields) -> Fields:
    """Gives each inline image and document the media type that its bytes have (`image/jpg` is `image/jpeg`)."""
    messages = array_of(fields.get("messages"))
    return fields if messages is None else {**fields, "messages": to_raw([_mended(raw) for raw in messages])}


def _mended(raw: Raw) -> Raw:
    """A message, or a tool's result, with its blocks mended."""
    outer = object_of(raw) or {}
    blocks = array_of(outer.get("content"))
    if blocks is None:
        return raw
    return to_raw({**outer, "content": to_raw([_mended_block(block) for block in blocks])})


def _mended_block(raw: Raw) -> Raw:
    block = object_of(raw) or {}
    kind = text_of(block.get("type"))
    if kind == "tool_result":
        return _mended(raw)
    source = object_of(block.get("source")) or {}
    if kind not in ("image", "document") or text_of(source.get("type")) != "base64":
        return raw
    medium = media.inline(text_of(source.get("media_type")) or "", text_of(source.get("data")) or "")
    if isinstance(medium, Audio) or not medium.media_type:
        return raw
    type = "image" if isinstance(medium, Image) else "document"
    mended = {**source, "media_type": to_raw(medium.media_type)}
    return to_raw({**block, "type": to_raw(type), "source": to_raw(mended)})


def _with_fitting_ids(fields: Fields) -> Fields:
    messages = array_of(fields.get("messages"))
    return fields if messages is None else {**fields, "messages": to_raw([_with_ids(raw) for raw in messages])}


def _with_ids(raw: Raw) -> Raw:
    """A message whose calls and results have ids that fit."""
    message = object_of(raw) or {}
    before = [object_of(block) or {} for block in array_of(message.get("content")) or ()]
    after = [_with_id(block) for block in before]
    return raw if all(map(is_, before, after)) else to_raw({**message, "content": to_raw(after)})


def _with_id(block: Fields) -> Fields:
    name = _IDS.get(text_of(block.get("type")) or "")
    return with_fitting_id(block, name, CALL_IDS) if name else block


def _is_foreign(raw: Raw) -> bool:
    block = object_of(raw) or {}
    if text_of(block.get("type")) not in THINKING_TYPES:
        return False
    return not is_claude_signature(text_of(block.get("signature")) or text_of(block.get("data")) or "")
