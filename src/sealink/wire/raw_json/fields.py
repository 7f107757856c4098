"""JSON objects whose values stay as they stood on the wire, byte for byte, until someone reads one.

An object is a dict of raw values; encoding it again puts every value that was not replaced back verbatim,
in its place. The readers answer None where a value is absent or of another type.
"""

import json
import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

Fields = dict[str, Raw]

_T = TypeVar("_T")

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no JSON, not UTF-8, or nested without end."""

NULL: Final = Raw(b"null")
TRUE: Final = Raw(b"true")

_DOCUMENT = msgspec.json.Decoder(Fields)
_OBJECT = msgspec.json.Decoder(Fields | None)
_ARRAY = msgspec.json.Decoder(list[Raw] | None)
_STRING = msgspec.json.Decoder(str | None)
_NUMBER = msgspec.json.Decoder(int | float | None)
_INTEGERS_END: Final = 2**63
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")

encode = msgspec.json.Encoder().encode


def parse_object(data: bytes) -> Fields:
    """A whole JSON document that must be an object. Raises ValueError or RecursionError.

    msgspec skips over values without looking at their characters, so the UTF-8 is checked here: what is
    read out of the fields later is then known to be well-formed.
    """
    if not data.isascii():
        data.decode()
    return _DOCUMENT.decode(data)


def made_strict(data: bytes, *, constants: bool) -> bytes | None:
    """JSON that Python's and JavaScript's parsers take and msgspec does not, put right; None if there is no hope.

    Half a surrogate pair, of a text cut inside an emoji, becomes U+FFFD. With `constants`, NaN and
    Infinity become null.
    """

    def constant(name: str) -> None:
        if not constants:
            raise ValueError(f"{name} is not JSON")

    try:
        value = json.loads(data.decode(), parse_constant=constant)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    return _HALF_A_PAIR.sub("\ufffd", text).encode()


def to_raw(value: Any) -> Raw:
    """A value as raw JSON."""
    return Raw(encode(value))


def utf8(raw: Raw | bytes) -> bytes:
    """Raw JSON, whose characters msgspec has not looked at, as it stands. Raises UnicodeDecodeError."""
    data = bytes(raw)
    data.decode()
    return data


def is_null(raw: Raw | None) -> bool:
    """Whether a value is absent, or null."""
    return raw is None or raw == NULL


def without(fields: Fields, *names: str) -> Fields:
    """The object with these fields left out."""
    return {name: raw for name, raw in fields.items() if name not in names}


def starts_with(raw: Raw, char: bytes) -> bool:
    """What kind of value it is: `{`, `[`, `"`, …"""
    return bytes(memoryview(raw)[:1]) == char


def object_of(raw: Raw | None) -> Fields | None:
    """The fields of an object."""
    return None if raw is None else _read(_OBJECT, raw)


def array_of(raw: Raw | None) -> list[Raw] | None:
    """The items of an array."""
    return None if raw is None else _read(_ARRAY, raw)


def text_of(raw: Raw | None) -> str | None:
    """A string's text."""
    return None if raw is None else _read(_STRING, raw)


def integer_of(raw: Raw | None) -> int | None:
    """A whole number; `12.0` is one. What no 64 bits hold is none."""
    value = None if raw is None else _read(_NUMBER, raw)
    return int(value) if value is not None and value == value // 1 and abs(value) < _INTEGERS_END else None


def _read(decoder: msgspec.json.Decoder[_T | None], raw: Raw) -> _T | None:
    try:
        return decoder.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        return None
