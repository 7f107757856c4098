"""The metadata of a chunk, or of a whole answer → the types that OpenAI has for it."""

from typing import Final

from sealink.wire.dialect import FallbackIdentity
from sealink.wire.raw_json.fields import Fields, parse_object, to_raw
from sealink.wire.raw_json.metadata import right_metadata, wrong_metadata

_REQUIRED: Final = ("id", "created", "model")


def normalize_metadata(fields: Fields, identity: FallbackIdentity, last_data: bytes = b"{}") -> Fields:
    """The very same fields where nothing has to be changed. What makes no sense is as in the last chunk, whose data
    this is, or else as in `identity`."""
    wrong = wrong_metadata(fields, _REQUIRED)
    if not wrong:
        return fields
    id = identity.id and f"chatcmpl-{identity.id}"
    own = {"id": id, "created": identity.created, "model": identity.model}
    otherwise = {name: to_raw(value) for name, value in own.items()} | parse_object(last_data)
    return {**fields, **right_metadata(fields, wrong, otherwise)}
