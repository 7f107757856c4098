"""A client's request as JSON: its top-level fields, raw, and each read as what it must be, or refused by name.

Where a field is given twice the last one counts, for SeaLink as for most parsers.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.raw_json.fields import Fields, made_strict, object_of, parse_object, to_raw, without

MAX_TASK_TYPE_CHARS: Final = 64

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_TYPE_NAMES: Final = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}


class _Metadata(msgspec.Struct):
    task_type: str | None = None


class RequestFields:
    """A request's fields, read one by one; `rest` are those that nobody asked for."""

    def __init__(self, fields: Fields, read_elsewhere: Iterable[str] = ()) -> None:
        self.fields = fields
        self._read = set(read_elsewhere)

    def __call__(self, name: str, type: Any) -> Any:
        self._read.add(name)
        return read_field(self.fields, name, type)

    @property
    def rest(self) -> Fields:
        return without(self.fields, *self._read)


def read_body(body: bytes) -> tuple[bytes, Fields]:
    """The body, made strict where it was not quite JSON, and its fields. Raises InvalidRequest."""
    try:
        return body, parse_object(body)
    except msgspec.ValidationError:
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_type") from None
    except (ValueError, RecursionError) as error:
        strict = made_strict(body, constants=False)
        if strict is None or not strict.startswith(b"{"):
            words = f"The request body is not valid JSON: {_reason(error, len(body))}."
            raise InvalidRequest(words, code="invalid_json") from None
    return strict, parse_object(strict)


def read_field(fields: Fields, name: str, type: Any) -> Any:
    """A field's value, None where it is absent. Raises InvalidRequest with the path of what is of another type."""
    raw = fields.get(name)
    if raw is None:
        return None
    return read_value(raw, name, type)


def read_value(raw: msgspec.Raw, where: str, type: Any) -> Any:
    """A value that stands at `where`, `messages[2].content`, say."""
    try:
        return _decoder(type).decode(raw)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error), where) from None
    except RecursionError:
        raise InvalidRequest(f"`{where}` is nested too deeply.", code="invalid_type", param=where) from None


@cache  # types are few, and to build a decoder takes longer than to use it
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def read_task_type(fields: Fields) -> str | None:
    """SeaLink's own `metadata.task_type`."""
    metadata = read_field(fields, "metadata", _Metadata | None)
    if metadata is None or metadata.task_type is None:
        return None
    if len(metadata.task_type) > MAX_TASK_TYPE_CHARS:
        raise InvalidRequest(
            f"`metadata.task_type` is longer than {MAX_TASK_TYPE_CHARS} characters.",
            code="string_above_max_length",
            param="metadata.task_type",
        )
    return str(metadata.task_type)


def own_metadata(fields: Fields) -> Fields:
    """`metadata` without what is SeaLink's."""
    return without(object_of(fields.get("metadata")) or {}, "task_type")


def without_task_type(fields: Fields) -> Fields:
    """The fields as they go on: `metadata` that held nothing but what is SeaLink's is left out."""
    rest = own_metadata(fields)
    return {**fields, "metadata": to_raw(rest)} if rest else without(fields, "metadata")


def missing(where: str) -> InvalidRequest:
    return InvalidRequest(f"The field `{where}` is missing.", code="missing_field", param=where)


def untranslatable(what: str, where: str) -> InvalidRequest:
    return InvalidRequest(f"{what} cannot be passed on to this model.", code="unsupported_parameter", param=where)


def _reason(error: Exception, size: int) -> str:
    """What is wrong and where, without the parser's own preamble."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    words = str(error).removeprefix("JSON is malformed: ")
    return words if "byte" in words else f"it ends too early (byte {size})"


def _wrong_type(said: str, where: str) -> InvalidRequest:
    """msgspec's "Expected `str`, got `int` - at `$[2].role`" in the words and with the paths of the request."""
    place = _PLACE.search(said)
    inner = place[1] if place else ""
    where += inner if inner.startswith("[") or not inner else f".{inner}"
    said = _PLACE.sub("", said)
    if lacks := _MISSING.match(said):
        return missing(f"{where}.{lacks[1]}")
    said = re.sub(r"\b(str|bool|int|float)\b", lambda word: _TYPE_NAMES[word[0]], said).replace(" | null", "")
    return InvalidRequest(
        f"`{where}` has the wrong type: {said[:1].lower()}{said[1:]}.", code="invalid_type", param=where
    )
