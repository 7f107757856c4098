"""A client's own request for an upstream of the same dialect: its bytes, changed only where they must be.

What is changed: the model's name, `metadata.task_type`, thinking that models of other dialects have signed, which no
upstream of this one knows, and call ids that are too long.
"""

import re
from operator import is_
from typing import Final

from msgspec import Raw

from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_responses.signatures import FOREIGN, FOREIGN_REDACTED, is_foreign
from sealink.wire.dialects.openai_responses.upstream.write_request import CALL_IDS, PATH
from sealink.wire.dialects.shared.forwarded_fields import forwarded_fields
from sealink.wire.identifiers import with_fitting_id
from sealink.wire.raw_json.fields import Fields, array_of, encode, object_of, text_of, to_raw

_PREFIXES: Final = (FOREIGN.encode(), FOREIGN_REDACTED.encode())

_LONG_ID: Final = re.compile(rb'"call_id"\s*:\s*"[^"]{65}')
"""A cheap first look: gateways in front of Gemini put its signature into the id."""


def forward_request(head: RequestHead, model: str) -> OutgoingRequest:
    """The client's own bytes; encoded again, field by field, only if something must change."""
    fields = forwarded_fields(head, model)
    if any(prefix in head.body for prefix in _PREFIXES):
        fields["input"] = _without_foreign_thinking(fields["input"])
    if _LONG_ID.search(head.body):
        fields = _with_fitting_ids(fields)
    return OutgoingRequest(PATH, head.body if fields == head.fields else encode(fields), head.headers)


def _without_foreign_thinking(raw: Raw) -> Raw:
    items = [(item, object_of(item) or {}) for item in array_of(raw) or ()]
    return to_raw([item for item, fields in items if not is_foreign(text_of(fields.get("encrypted_content")) or "")])


def _with_fitting_ids(fields: Fields) -> Fields:
    before = [object_of(item) or {} for item in array_of(fields.get("input")) or ()]
    after = [with_fitting_id(item, "call_id", CALL_IDS) for item in before]
    return fields if all(map(is_, before, after)) else {**fields, "input": to_raw(after)}
