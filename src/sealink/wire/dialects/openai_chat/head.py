"""The top of a request: what it is routed by. Everything else in it travels as it came.

An upstream validates its own parameters; here only that is refused which SeaLink itself could not act on.
"""

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json import is_null
from sealink.wire.request_fields import missing, read_body, read_field, read_task_type


class _MessageHead(msgspec.Struct):
    role: str


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


def read_head(body: bytes) -> RequestHead:
    """Raises InvalidRequest, naming the field."""
    body, fields = read_body(body)
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", str)
    if not model:
        raise InvalidRequest("The field `model` is empty.", code="missing_field", param="model")
    read_field(fields, "messages", list[_MessageHead])
    stream = read_field(fields, "stream", bool | None) or False
    options = read_field(fields, "stream_options", _StreamOptions | None) or _StreamOptions()
    return RequestHead(
        model=model,
        stream=stream,
        include_usage=stream and bool(options.include_usage),
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
    )
