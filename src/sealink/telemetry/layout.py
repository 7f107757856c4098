"""What is always the same in records of one kind, with gaps for what differs: lines of the log, and spans.

The accelerator, `_layout.c`, fills gaps in C, and is used where it has been built. Both give the same bytes
(tests/telemetry/test_layout.py).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from math import floor
from struct import Struct
from typing import Any, Final, Literal, NamedTuple

GapKind = Literal[
    "text",
    "quoted",
    "sized",
    "hex",
    "tenths",
    "millis",
    "integer",
    "usd",
    "time",
    "thousandth",
    "billionth",
    "varint",
    "moments",
]
"""How a gap's value is written.

`text`: a text in UTF-8. `quoted`: a text that needs no escapes, and a quotation mark behind it. `sized`: a text behind
its length, as protobuf has it. `hex`: hex digits, as the bytes they stand for. `tenths`: a number with one decimal.
`millis`: seconds, less than one, as three digits.
`integer`: in decimal digits. `usd`: billionths of a dollar, as dollars. `time`: milliseconds since the record's
beginning, as protobuf's fixed64 of nanoseconds by the Unix clock. `thousandth`, `billionth`: of a number, as protobuf's
double. `varint`: an integer as a varint of ten bytes, most of which say only that more follow
(https://protobuf.dev/programming-guides/encoding/#varints): of one size, whatever the number. `moments`: pairs of a
name and a `time`, as the field `events` of OTLP's spans.
"""

VARINT_SIZE: Final = 10


class Gap(NamedTuple):
    """A gap, and what stands `before` it. Both are left out where the value is None; if it `may_be_zero` is False, also
    where that is 0."""

    kind: GapKind
    before: bytes = b""
    may_be_zero: bool = True


Part = bytes | Gap
Values = tuple[Any, ...]
"""A value for each gap, in their order."""

Filled = Callable[[Values, int], bytes]
Fill = Callable[[bytes, Filled, Values, int], bytes]
"""Fills a compiled layout. Where a value is not a plain one, such as a number of 100 bits, Python is called."""

_NANO: Final = 10**9
_NS_PER_MS: Final = 10**6
_MAX_UINT64: Final = 2**64 - 1
_ONE_BYTE, _TWO_BYTES = 0x80, 0x80 * 0x80
_CONSTANT: Final = 0
_fixed64: Final = Struct("<Q").pack
_double: Final = Struct("<d").pack


class Layout:
    """Bytes with gaps: `Layout([b"at ", Gap("tenths"), b";"]).filled((7.0,), 0)` is `b"at 7.0;"`. With a `tag` the
    whole is a field of one of protobuf's messages, and begins with the tag and its length.

    `filled` gives the bytes with a value in each gap; times count from a record's beginning, in nanoseconds.
    """

    def __init__(self, parts: Iterable[Part], tag: bytes = b"") -> None:
        parts = list(parts)
        self._tag = tag
        self._gaps, self._end = _in_pairs(parts)
        self.filled: Filled = self._filled_in_python
        if fill is not None:
            compiled = bytes((len(tag),)) + tag + b"".join(map(_compiled, parts))
            self.filled = partial(fill, compiled, self._filled_in_python)

    def _filled_in_python(self, values: Values, began_ns: int) -> bytes:
        pieces: list[bytes] = []
        for (without, before, may_be_zero, write, has_time), value in zip(self._gaps, values, strict=True):
            if value or (may_be_zero and value is not None):
                pieces.append(before)
                pieces.append(write(value, began_ns) if has_time else write(value))
            elif without:
                pieces.append(without)
        pieces.append(self._end)
        made = b"".join(pieces)
        return self._tag + varint(len(made)) + made if self._tag else made


def varint(number: int) -> bytes:
    """A number that is not negative, as protobuf's varint."""
    if number < _ONE_BYTE:
        return bytes((number,))
    if number < _TWO_BYTES:
        return bytes((number & 0x7F | 0x80, number >> 7))
    return bytes((number & 0x7F | 0x80,)) + varint(number >> 7)


_Write = Callable[..., bytes]
"""Writes a value; with the record's beginning, if its kind is one of _WITH_TIME."""


@lru_cache(maxsize=4096)
def _long_varint(value: int) -> bytes:
    number = value & _MAX_UINT64
    return bytes([*(number >> shift & 0x7F | 0x80 for shift in range(0, 63, 7)), number >> 63])


def _time(at_ms: float, began_ns: int) -> bytes:
    return _fixed64(began_ns + floor(at_ms * _NS_PER_MS))


def _moments(marks: Iterable[tuple[str, float]], began_ns: int) -> bytes:
    events: list[bytes] = []
    for name, at_ms in marks:
        before, behind = _event(name)
        events += (before, _fixed64(began_ns + floor(at_ms * _NS_PER_MS)), behind)
    return b"".join(events)


@lru_cache(maxsize=64)
def _event(name: str) -> tuple[bytes, bytes]:
    """What stands before the time of an event, and behind it."""
    behind = b"\x12" + _sized(name)
    return b"\x5a" + varint(1 + 8 + len(behind)) + b"\x09", behind


def _sized(text: str) -> bytes:
    said = text.encode()
    return varint(len(said)) + said


_WRITERS: Final[dict[GapKind, _Write]] = {
    "text": str.encode,
    "quoted": lambda value: b'%b"' % value.encode(),
    "sized": _sized,
    "hex": bytes.fromhex,
    "tenths": b"%.1f".__mod__,
    "millis": lambda value: b"%03d" % floor(value * 1000),
    "integer": b"%d".__mod__,
    "usd": lambda value: b"%d.%09d" % divmod(value, _NANO),
    "time": _time,
    "thousandth": lambda value: _double(value / 1000),
    "billionth": lambda value: _double(value / _NANO),
    "varint": _long_varint,
    "moments": _moments,
}
"""In the order that `_layout.c` knows them by."""
_WITH_TIME: Final = frozenset({"time", "moments"})
_NUMBERS: Final = {kind: number for number, kind in enumerate(_WRITERS, 1)}


def _in_pairs(parts: Iterable[Part]) -> tuple[list[tuple[bytes, bytes, bool, _Write, bool]], bytes]:
    """Of each gap: what stands there without a value, and before one; whether that may be zero; how it is written, and
    whether with the record's beginning. And what stands behind the last."""
    gaps, always = [], b""
    for part in parts:
        if isinstance(part, bytes):
            always += part
        else:
            has_time = part.kind in _WITH_TIME
            gaps.append((always, always + part.before, part.may_be_zero, _WRITERS[part.kind], has_time))
            always = b""
    return gaps, always


def _compiled(part: Part) -> bytes:
    """For `_layout.c`: the kind, whether it may be zero, how long the rest is, and what stands before the gap."""
    if isinstance(part, bytes):
        part, number = Gap("text", part), _CONSTANT
    else:
        number = _NUMBERS[part.kind]
    return bytes((number, part.may_be_zero)) + len(part.before).to_bytes(4, "little") + part.before


fill_in_c: Fill | None
try:
    from sealink.telemetry._layout import fill as fill_in_c
except ImportError:  # it was not built
    fill_in_c = None

fill: Fill | None = fill_in_c
"""What fills new layouts; None: Python does."""


def use_accelerator(is_wanted: bool) -> None:
    """Fill new layouts in C, where it has been built, or in Python."""
    global fill
    fill = fill_in_c if is_wanted else None
