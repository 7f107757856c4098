"""A client's own request, for an Anthropic upstream: the same bytes, with as few changes as possible.

"Forward headers and body unchanged" (https://code.claude.com/docs/en/llm-gateway). Three things in the body are
SeaLink's and are replaced or removed: the model's alias, `metadata.task_type`, and thinking that Claude did not sign.
"""

import re
from typing import Final

from msgspec import Raw

from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.anthropic_messages.upstream.turns import THINKING_TYPES
from sealink.wire.dialects.anthropic_messages.upstream.write_request import PATH, VERSION
from sealink.wire.dialects.shared.claude.thinking import is_claude_signature
from sealink.wire.raw_json.fields import Fields, array_of, encode, object_of, text_of, to_raw
from sealink.wire.raw_json.request_fields import own_metadata

COUNT_PATH: Final = f"{PATH}/count_tokens"

_FOREIGN: Final = re.compile(rb'"(?:signature|data)"\s*:\s*"(?:"|[a-z_]+:)')
"""A signature that is empty, or marked as another dialect's. As this also matches inside a text, the blocks are then
parsed to be certain."""


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


def _is_foreign(raw: Raw) -> bool:
    block = object_of(raw) or {}
    if text_of(block.get("type")) not in THINKING_TYPES:
        return False
    return not is_claude_signature(text_of(block.get("signature")) or text_of(block.get("data")) or "")
