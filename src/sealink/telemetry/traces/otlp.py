"""Spans as OTLP's protobuf.

Written directly, after opentelemetry/proto/trace/v1/trace.proto: by the SDK's objects and its encoder, spans take more
than ten times as long (two of them 230 to 300 µs on one busy machine, version 1.45.2). Spans that differ only in ids,
times and other numbers of a fixed size have a `Layout` in common, which is made once. The messages of the package
opentelemetry-proto check it in the tests.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct
from typing import Final, Literal

Value = str | bool | int | float
Kind = Literal["server", "client"]
Given = bytes | int | float

ID, TRACE_ID, TIME, DOUBLE = "8s", "16s", "Q", "d"
"""What differs from span to span: ids as bytes, times by the Unix clock in nanoseconds, other numbers."""

_KINDS: Final = {"server": b"\x30\x02", "client": b"\x30\x03"}  # field 6
_ERROR: Final = b"\x7a\x02\x18\x02"  # field 15: a Status whose field 3, the code, is ERROR
_EVENT: Final = b"\x5a"  # field 11
_DOUBLE: Final = Struct("<d").pack
_MAX_UINT64: Final = 2**64 - 1
_ATTRIBUTE: Final = 9
_ONE_BYTE, _TWO_BYTES = 0x80, 0x80 * 0x80


class Layout:
    """Bytes with gaps: `Layout(b"at ", TIME, b";").filled([7])`. A gap is given by its format in the module struct."""

    def __init__(self, *parts: bytes | str) -> None:
        constant: list[bytes] = [b""]
        formats: list[str] = []
        for part in parts:
            if isinstance(part, bytes):
                constant[-1] += part
            else:
                constant.append(b"")
                formats.append(part)
        sizes = [f"{len(each)}s" for each in constant]
        self._pack = Struct("<" + "".join(map("".join, zip(sizes, [*formats, ""], strict=True)))).pack
        pieces: list[Given] = []
        for each in constant:
            pieces += (each, 0)
        self._pieces = pieces[:-1]

    def filled(self, given: Iterable[Given]) -> bytes:
        """The bytes, with a value in each gap."""
        self._pieces[1::2] = given
        return self._pack(*self._pieces)


def ids_and_times(*, has_parent: bool) -> tuple[bytes | str, ...]:
    """The ids of a span's trace, its own and its parent's, its begin and its end."""
    parent = (b"\x22\x08", ID) if has_parent else ()
    return (b"\x0a\x10", TRACE_ID, b"\x12\x08", ID, *parent, b"\x39", TIME, b"\x41", TIME)


def head(name: str, kind: Kind, *, is_error: bool) -> bytes:
    """A span's name, kind and status."""
    return _field(5, _utf8(name)) + _KINDS[kind] + (_ERROR if is_error else b"")


def attributes(values: Mapping[str, Value | None]) -> bytes:
    """Attributes of a span. Those that are None are left out."""
    return b"".join([_field(_ATTRIBUTE, _key_value(name, each)) for name, each in values.items() if each is not None])


def text(name: str, size: int) -> tuple[bytes | str, ...]:
    """An attribute whose text differs from span to span, and has `size` bytes each time."""
    return (attributes({name: "x" * size})[:-size], f"{size}s") if size else (attributes({name: ""}),)


def double(name: str) -> tuple[bytes | str, ...]:
    """An attribute whose number differs from span to span."""
    return attributes({name: 0.0})[: -len(_DOUBLE(0.0))], DOUBLE


@lru_cache(maxsize=4096)
def integer(name: str, value: int) -> bytes:
    """An attribute whose number, and how many bytes it takes, differs from span to span."""
    number = _varint(value & _MAX_UINT64)
    return _before_integer(name, len(number)) + number


@lru_cache(maxsize=256)
def events(names: tuple[str, ...]) -> Layout:
    """What has happened in a span's time, and when."""
    parts: list[bytes | str] = []
    for name in names:
        named = _field(2, _utf8(name))
        time_size = 9  # field 1, fixed64
        parts += (_EVENT + _varint(time_size + len(named)) + b"\x09", TIME, named)
    return Layout(*parts)


def state(given: str) -> bytes:
    """The client's `tracestate`."""
    return _field(3, _utf8(given)) if given else b""


def span(*parts: bytes) -> bytes:
    """The field `spans` of ScopeSpans: `parts` in any order."""
    content = b"".join(parts)
    size = len(content)
    return (_BEFORE_SPANS[size] if size < _USUAL_SIZE else _before_span(size)) + content


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
        content = b"\x10" + _varint(value)
    elif isinstance(value, int):
        content = b"\x18" + _varint(value & _MAX_UINT64)
    else:
        content = b"\x21" + _DOUBLE(value)
    return _field(1, _utf8(name)) + _field(2, content)


@lru_cache(maxsize=256)
def _before_integer(name: str, size: int) -> bytes:
    """All of an attribute that stands before a number of so many bytes."""
    return attributes({name: (1 << 7 * size) - 1})[:-size]


def _utf8(text: str) -> bytes:
    """Half of a surrogate pair, which a client's name may have, is no text of protobuf's."""
    return text.encode(errors="replace")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message; `number` is at most 15."""
    return b"".join((bytes((number << 3 | 2,)), _varint(len(content)), content))


def _varint(number: int) -> bytes:
    if number < _ONE_BYTE:
        return bytes((number,))
    if number < _TWO_BYTES:
        return bytes((number & 0x7F | 0x80, number >> 7))
    return bytes((number & 0x7F | 0x80,)) + _varint(number >> 7)


def _before_span(size: int) -> bytes:
    return b"\x12" + _varint(size)  # field 2


_USUAL_SIZE: Final = 2048
_BEFORE_SPANS: Final = [_before_span(size) for size in range(_USUAL_SIZE)]
