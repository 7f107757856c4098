"""Spans as OTLP's protobuf.

Written directly, after opentelemetry/proto/trace/v1/trace.proto: the SDK's span objects and its encoder take about
half of what a whole request takes; this takes a twentieth (bench/instructions.py, the lane "traced"). The messages of
the package opentelemetry-proto check it in the tests.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec

Value = str | bool | int | float
Kind = Literal["server", "client"]

_KINDS: Final = {"server": b"\x30\x02", "client": b"\x30\x03"}  # field 6
_ERROR: Final = b"\x7a\x02\x18\x02"  # field 15: a Status whose field 3, the code, is ERROR
_FIXED64: Final = struct.Struct("<Q").pack
_DOUBLE: Final = struct.Struct("<d").pack
_MAX_UINT64: Final = 2**64 - 1


class Event(msgspec.Struct, frozen=True):
    """Something that happened in a span's time, `at_ns` by the Unix clock."""

    name: str
    at_ns: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A span. Ids are hex digits, times nanoseconds of the Unix clock. Attributes that are None are left out."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    state: str = ""
    name: str
    kind: Kind
    began_ns: int
    ended_ns: int
    attributes: Mapping[str, Value | None] = {}
    events: Sequence[Event] = ()
    is_error: bool = False


def encoded_span(span: Span) -> bytes:
    """A span as the field `spans` of ScopeSpans."""
    parts = [b"\x0a\x10", bytes.fromhex(span.trace_id), b"\x12\x08", bytes.fromhex(span.span_id)]
    if span.state:
        parts.append(_field(3, _utf8(span.state)))
    if span.parent_id is not None:
        parts += (b"\x22\x08", bytes.fromhex(span.parent_id))
    parts += (_field(5, _utf8(span.name)), _KINDS[span.kind])
    parts += (b"\x39", _FIXED64(span.began_ns), b"\x41", _FIXED64(span.ended_ns))
    parts += [_attribute(9, name, value) for name, value in span.attributes.items() if value is not None]
    for event in span.events:
        name = _event_name(event.name)
        parts += (b"\x5a", _varint(9 + len(name)), b"\x09", _FIXED64(event.at_ns), name)
    if span.is_error:
        parts.append(_ERROR)
    return _field(2, b"".join(parts))


def export_request(resource: Mapping[str, Value], scope: tuple[str, str], spans: Iterable[bytes]) -> bytes:
    """An ExportTraceServiceRequest with spans of `encoded_span`. `scope`: name and version of what has made them."""
    about = b"".join([_attribute(1, name, value) for name, value in resource.items()])
    name, version = scope
    made_by = _field(1, name.encode()) + _field(2, version.encode())
    return _field(1, _field(1, about) + _field(2, _field(1, made_by) + b"".join(spans)))


def _attribute(field: int, name: str, value: Value) -> bytes:
    """A KeyValue. Texts are few, and the same again and again."""
    if isinstance(value, str):
        return _text_attribute(field, name, value)
    if isinstance(value, bool):
        inner = b"\x10" + _varint(value)
    elif isinstance(value, int):
        inner = b"\x18" + _varint(value & _MAX_UINT64)
    else:
        inner = b"\x21" + _DOUBLE(value)
    key = _key(name)
    return _field(field, b"".join((key, b"\x12", _varint(len(inner)), inner)))


@lru_cache(maxsize=1024)
def _text_attribute(field: int, name: str, value: str) -> bytes:
    return _field(field, _key(name) + _field(2, _field(1, _utf8(value))))


@lru_cache(maxsize=256)
def _key(name: str) -> bytes:
    return _field(1, name.encode())


@lru_cache(maxsize=64)
def _event_name(name: str) -> bytes:
    return _field(2, name.encode())


def _utf8(text: str) -> bytes:
    """Half of a surrogate pair, which a client's name may have, is no text of protobuf's."""
    return text.encode(errors="replace")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message; `number` is at most 15."""
    return b"".join((bytes((number << 3 | 2,)), _varint(len(content)), content))


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _ONE_BYTE[number]
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


_ONE_BYTE: Final = [bytes((number,)) for number in range(0x80)]
