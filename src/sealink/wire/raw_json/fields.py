"""JSON objects whose values stay as they were on the wire, byte for byte, until one is read.

An object is a dict of raw values. Encoding it again writes every value that was not replaced as it was, in its place.
The readers return None for a value that is absent or of another type.
"""

import json
import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Raw

Fields = dict[str, Raw]

Count = Annotated[int, msgspec.Meta(ge=0)]
"""In a view: an integer that is not below 0."""

_T = TypeVar("_T")

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are not JSON, not UTF-8, or nested too deeply."""

NULL: Final = Raw(b"null")
TRUE: Final = Raw(b"true")

_DOCUMENT = msgspec.json.Decoder(Fields)
_OBJECT = msgspec.json.Decoder(Fields | None)
_ARRAY = msgspec.json.Decoder(list[Raw] | None)
_STRING = msgspec.json.Decoder(str | None)
_NUMBER = msgspec.json.Decoder(int | float | None)
_INTEGERS_END: Final = 2**63
_INTEGER = msgspec.json.Decoder(Annotated[int, msgspec.Meta(ge=1 - _INTEGERS_END, le=_INTEGERS_END - 1)] | float | None)
_NUMBER_TEXT: Final = re.compile(r"\s*[0-9]{1,19}(?:\.[0-9]*)?\s*", re.ASCII)
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")

encode = msgspec.json.Encoder().encode


def parse_object(data: bytes) -> Fields:
    """The fields of a JSON document that must be an object. Raises ValueError or RecursionError.

    msgspec does not check the UTF-8 of raw values, so it is checked here, for all that is read from the fields later.
    """
    if not data.isascii():
        data.decode()
    return _DOCUMENT.decode(data)


def made_strict(data: bytes, *, constants: bool) -> bytes | None:
    """JSON that Python's and JavaScript's parsers accept and msgspec does not, corrected; None if they do not either.

    Half a surrogate pair, from a text cut inside an emoji, becomes U+FFFD. With `constants`, NaN and Infinity become
    null.
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
    """Raw JSON as bytes, unchanged. Raises UnicodeDecodeError: msgspec has not checked its characters."""
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
    """Whether a value is of the kind that starts with `char`: `{`, `[`, `"`, …"""
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
    """An integer of at most 64 bits; `12.0` counts as one."""
    if raw is None:
        return None
    try:
        value = _INTEGER.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        return None
    if isinstance(value, int):
        return value
    if value is None or not -_INTEGERS_END < value < _INTEGERS_END:
        return None
    return int(value) if value == value // 1 else None


def number_of(raw: Raw | None) -> int | float | None:
    """A number, which may be written as a text."""
    number = None if raw is None else _read(_NUMBER, raw)
    if number is None and (text := text_of(raw)) is not None and _NUMBER_TEXT.fullmatch(text):
        return float(text)
    return number


def is_number(raw: Raw | None) -> bool:
    """Whether a value is a number."""
    return raw is not None and _read(_NUMBER, raw) is not None


def is_count(raw: Raw | None) -> bool:
    """Whether a value is an integer, and not below 0."""
    return raw is not None and bytes(raw).isdigit()


def count_of(raw: Raw | None) -> int | None:
    """What should be an integer of at most 64 bits, and not below 0: also a fraction, or a text."""
    if raw is None:
        return None
    number = number_of(raw)
    return int(number) if number is not None and 0 <= number < _INTEGERS_END else None


def name_of(raw: Raw | None) -> str | None:
    """What should be a text: also a number, as it is written."""
    text = text_of(raw)
    return bytes(raw).decode() if raw is not None and is_number(raw) else text


def _read(decoder: msgspec.json.Decoder[_T | None], raw: Raw) -> _T | None:
    try:
        return decoder.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        return None
