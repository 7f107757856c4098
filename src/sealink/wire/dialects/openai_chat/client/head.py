"""The top of a request: what it is routed by. Everything else in it travels as it came.

An upstream validates its own parameters; here only that is refused which SeaLink itself could not act on.
"""

from typing import Final

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json.fields import Fields, is_null
from sealink.wire.raw_json.request_fields import missing, read_body, read_field, read_task_type


class _MessageHead(msgspec.Struct):
    role: str


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Head(msgspec.Struct):
    model: str
    messages: list[_MessageHead]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)


def parse_head(body: bytes) -> RequestHead:
    """Raises InvalidRequest, naming the field."""
    body, fields = read_body(body)
    try:
        said = _HEAD.decode(body)
    except (msgspec.ValidationError, RecursionError):
        said = _read_one_by_one(fields)
    if not said.model:
        raise _empty_model()
    stream, options = said.stream or False, said.stream_options
    return RequestHead(
        model=said.model,
        stream=stream,
        include_usage=stream and options is not None and bool(options.include_usage),
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
    )


def _read_one_by_one(fields: Fields) -> _Head:
    """Raises InvalidRequest, naming the first field that is not what it must be."""
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", str)
    if not model:
        raise _empty_model()
    return _Head(
        model,
        read_field(fields, "messages", list[_MessageHead]),
        read_field(fields, "stream", bool | None),
        read_field(fields, "stream_options", _StreamOptions | None),
    )


def _empty_model() -> InvalidRequest:
    return InvalidRequest("The field `model` is empty.", code="missing_field", param="model")
