"""Spans as OTLP's protobuf.

Written directly, after opentelemetry/proto/trace/v1/trace.proto: by the SDK's objects and its encoder, spans take more
than ten times as long (two of them 230 to 300 µs on one busy machine, version 1.45.2). Spans that differ only in ids,
times and numbers have a `Layout` in common, which is made once, of what is here. The messages of the package
opentelemetry-proto check it in the tests.
"""

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Final, Literal

from sealink.telemetry.layout import VARINT_SIZE, Gap, varint

Value = str | bool | int | float
SpanKind = Literal["server", "client"]

TRACE_ID: Final = Gap("hex", b"\x0a\x10")  # field 1
SPAN_ID: Final = Gap("hex", b"\x12\x08")  # field 2
STATE: Final = Gap("sized", b"\x1a", may_be_zero=False)  # field 3
"""The client's `tracestate`."""
PARENT_ID: Final = Gap("hex", b"\x22\x08")  # field 4
BEGIN: Final = Gap("time", b"\x39")  # field 7
END: Final = Gap("time", b"\x41")  # field 8
EVENTS: Final = Gap("moments")  # field 11
"""What has happened in a span's time, and when."""
SPAN: Final = b"\x12"
"""The tag of the field `spans` of ScopeSpans: of a span's layout."""

_KINDS: Final = {"server": b"\x30\x02", "client": b"\x30\x03"}  # field 6
_ERROR: Final = b"\x7a\x02\x18\x02"  # field 15: a Status whose field 3, the code, is ERROR
_DOUBLE: Final = Struct("<d").pack
_MAX_UINT64: Final = 2**64 - 1
_ATTRIBUTE: Final = 9


def head(name: str, kind: SpanKind, *, is_error: bool) -> bytes:
    """A span's name, kind and status."""
    return _field(5, _utf8(name)) + _KINDS[kind] + (_ERROR if is_error else b"")


def attributes(values: Mapping[str, Value | None]) -> bytes:
    """Attributes of a span. Those that are None are left out."""
    return b"".join([_field(_ATTRIBUTE, _key_value(name, each)) for name, each in values.items() if each is not None])


def text(name: str, size: int) -> Gap:
    """An attribute whose text differs from span to span, and has `size` bytes each time."""
    whole = attributes({name: "x" * size})
    return Gap("text", whole[: len(whole) - size])


def thousandth(name: str) -> Gap:
    """An attribute that is a thousandth of what is given: seconds, of milliseconds."""
    return Gap("thousandth", _before_double(name))


def billionth(name: str) -> Gap:
    """An attribute that is a billionth of what is given: dollars, of the ledger's units."""
    return Gap("billionth", _before_double(name))


def integer(name: str, *, may_be_zero: bool = True) -> Gap:
    """An attribute whose whole number differs from span to span."""
    return Gap("varint", attributes({name: -1})[:-VARINT_SIZE], may_be_zero)


def export_request(resource: Mapping[str, Value], scope: tuple[str, str], spans: Iterable[bytes]) -> bytes:
    """An ExportTraceServiceRequest with these `span`s. `scope`: name and version of what has made them."""
    about = b"".join([_field(1, _key_value(name, value)) for name, value in resource.items()])
    name, version = scope
    made_by = _field(1, _utf8(name)) + _field(2, _utf8(version))
    return _field(1, _field(1, about) + _field(2, _field(1, made_by) + b"".join(spans)))


def _key_value(name: str, value: Value) -> bytes:
    """A KeyValue's content."""
    if isinstance(value, str):
        content = _field(1, _utf8(value))
    elif isinstance(value, bool):
        content = b"\x10" + varint(value)
    elif isinstance(value, int):
        content = b"\x18" + varint(value & _MAX_UINT64)
    else:
        content = b"\x21" + _DOUBLE(value)
    return _field(1, _utf8(name)) + _field(2, content)


def _before_double(name: str) -> bytes:
    return attributes({name: 0.0})[: -len(_DOUBLE(0.0))]


def _utf8(text: str) -> bytes:
    """Half of a surrogate pair, which a client's name may have, is no text of protobuf's."""
    return text.encode(errors="replace")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message; `number` is at most 15."""
    return b"".join((bytes((number << 3 | 2,)), varint(len(content)), content))
