"""Spans as OTLP's protobuf.

Written directly, after opentelemetry/proto/trace/v1/trace.proto: the two spans of a request take a tenth of the time
that they take by the SDK's objects and its encoder (20 to 26 µs instead of 230 to 300 on one busy machine, version
1.45.2). What is the same from request to request is written once (`functools.lru_cache`). The messages of the package
opentelemetry-proto check it in the tests.
"""

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

from sealink.trace_context import TraceContext

Value = str | bool | int | float
Kind = Literal["server", "client"]

_KINDS: Final = {"server": b"\x30\x02", "client": b"\x30\x03"}  # field 6
_ERROR: Final = b"\x7a\x02\x18\x02"  # field 15: a Status whose field 3, the code, is ERROR
_TIMES: Final = struct.Struct("<BQBQ").pack  # fields 7 and 8, fixed64
_BEGAN, _ENDED = 0x39, 0x41
_FIXED64: Final = struct.Struct("<Q").pack
_DOUBLE: Final = struct.Struct("<d").pack
_MAX_UINT64: Final = 2**64 - 1
_ATTRIBUTE: Final = 9
_MAX_ONE_BYTE: Final = 0x7F


def encoded_span(
    trace: TraceContext, ids: tuple[str, str | None], times_ns: tuple[int, int], parts: Iterable[bytes]
) -> bytes:
    """A span as the field `spans` of ScopeSpans. `ids`: its own and its parent's, in hex digits; `times_ns`: its begin
    and end by the Unix clock; `parts`: its `head`, attributes and events."""
    span_id, parent_id = ids
    pieces = [b"\x0a\x10", bytes.fromhex(trace.trace_id), b"\x12\x08", bytes.fromhex(span_id)]
    if parent_id is not None:
        pieces += (b"\x22\x08", bytes.fromhex(parent_id))
    if trace.state:
        pieces.append(_field(3, _utf8(trace.state)))
    pieces.append(_TIMES(_BEGAN, times_ns[0], _ENDED, times_ns[1]))
    pieces += parts
    return _field(2, b"".join(pieces))


def head(name: str, kind: Kind, *, is_error: bool) -> bytes:
    """A span's name, kind and status."""
    return _field(5, _utf8(name)) + _KINDS[kind] + (_ERROR if is_error else b"")


def event(name: str, at_ns: int) -> bytes:
    """Something that happened in a span's time, by the Unix clock."""
    begin, end = _around_event_time(name)
    return begin + _FIXED64(at_ns) + end


def attributes(values: Mapping[str, Value | None]) -> bytes:
    """Attributes of a span. Those that are None are left out."""
    return b"".join([_field(_ATTRIBUTE, _key_value(name, each)) for name, each in values.items() if each is not None])


def text(name: str, value: str) -> bytes:
    """An attribute with a value of its own in each span."""
    data = _utf8(value)
    return _before_text(name, len(data)) + data


def double(name: str, value: float) -> bytes:
    """An attribute with a value of its own in each span."""
    return _before_double(name) + _DOUBLE(value)


@lru_cache(maxsize=4096)
def integer(name: str, value: int) -> bytes:
    """An attribute."""
    return _field(_ATTRIBUTE, _key_value(name, value))


def export_request(resource: Mapping[str, Value], scope: tuple[str, str], spans: Iterable[bytes]) -> bytes:
    """An ExportTraceServiceRequest with spans of `encoded_span`. `scope`: name and version of what has made them."""
    about = b"".join([_field(1, _key_value(name, value)) for name, value in resource.items()])
    name, version = scope
    made_by = _field(1, _utf8(name)) + _field(2, _utf8(version))
    return _field(1, _field(1, about) + _field(2, _field(1, made_by) + b"".join(spans)))


def _key_value(name: str, value: Value) -> bytes:
    """A KeyValue's content."""
    if isinstance(value, str):
        content = _field(1, _utf8(value))
    elif isinstance(value, bool):
        content = b"\x10" + _varint(value)
    elif isinstance(value, int):
        content = b"\x18" + _varint(value & _MAX_UINT64)
    else:
        content = b"\x21" + _DOUBLE(value)
    return _field(1, _utf8(name)) + _field(2, content)


@lru_cache(maxsize=256)
def _before_text(name: str, size: int) -> bytes:
    """All of an attribute that stands before a text of so many bytes."""
    return attributes({name: "x" * size})[:-size] if size else attributes({name: ""})


@lru_cache(maxsize=256)
def _before_double(name: str) -> bytes:
    return attributes({name: 0.0})[: -len(_DOUBLE(0.0))]


@lru_cache(maxsize=256)
def _around_event_time(name: str) -> tuple[bytes, bytes]:
    named = _field(2, _utf8(name))
    whole = _field(11, b"\x09" + _FIXED64(0) + named)
    size = len(_FIXED64(0)) + len(named)
    return whole[:-size], named


def _utf8(text: str) -> bytes:
    """Half of a surrogate pair, which a client's name may have, is no text of protobuf's."""
    return text.encode(errors="replace")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message; `number` is at most 15."""
    return b"".join((bytes((number << 3 | 2,)), _varint(len(content)), content))


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > _MAX_ONE_BYTE:
        digits.append(number & _MAX_ONE_BYTE | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
