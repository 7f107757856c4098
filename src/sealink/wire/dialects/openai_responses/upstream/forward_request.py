"""A client's own request for an upstream of the same dialect: its bytes, changed only where they must be.

What is changed: the model's name, `metadata.task_type`, and thinking that models of other dialects have signed, which
no upstream of this one knows.
"""

from typing import Final

from msgspec import Raw

from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_responses.signatures import FOREIGN, FOREIGN_REDACTED, is_foreign
from sealink.wire.dialects.openai_responses.upstream.write_request import PATH
from sealink.wire.dialects.shared.forwarded_fields import forwarded_fields
from sealink.wire.raw_json.fields import array_of, encode, object_of, text_of, to_raw

_PREFIXES: Final = (FOREIGN.encode(), FOREIGN_REDACTED.encode())


def forward_request(head: RequestHead, model: str) -> OutgoingRequest:
    """The client's own bytes; encoded again, field by field, only if something must change."""
    fields = forwarded_fields(head, model)
    if any(prefix in head.body for prefix in _PREFIXES):
        fields["input"] = _without_foreign_thinking(fields["input"])
    return OutgoingRequest(PATH, head.body if fields == head.fields else encode(fields), head.headers)


def _without_foreign_thinking(raw: Raw) -> Raw:
    items = [(item, object_of(item) or {}) for item in array_of(raw) or ()]
    return to_raw([item for item, fields in items if not is_foreign(text_of(fields.get("encrypted_content")) or "")])
