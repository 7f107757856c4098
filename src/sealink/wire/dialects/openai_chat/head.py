"""The top of a request: what it is routed by. Everything else in it travels as it came.

An upstream validates its own parameters; here only that is refused which SeaLink itself could not act on.
Where a field is given twice the last one counts, for SeaLink as for most parsers.
"""

import re
from typing import Any, Final

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json import Fields, is_null, made_strict, parse_object

MAX_TASK_TYPE_CHARS: Final = 64

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_TYPE_NAMES: Final = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}


class _MessageHead(msgspec.Struct):
    role: str


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Metadata(msgspec.Struct):
    task_type: str | None = None


def read_head(body: bytes) -> RequestHead:
    """Raises InvalidRequest, naming the field."""
    body, fields = _fields(body)
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise InvalidRequest(f"The field `{name}` is missing.", code="missing_field", param=name)
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
        task_type=_task_type(fields),
        fields=fields,
        body=body,
    )


def read_field(fields: Fields, name: str, type: Any) -> Any:
    """A field's value, None where it is absent. Raises InvalidRequest with the path of what is of another type."""
    raw = fields.get(name)
    if raw is None:
        return None
    return read_value(raw, name, type)


def read_value(raw: msgspec.Raw, where: str, type: Any) -> Any:
    """A value that stands at `where`, `messages[2].content`, say."""
    try:
        return msgspec.json.decode(raw, type=type)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error), where) from None
    except RecursionError:
        raise InvalidRequest(f"`{where}` is nested too deeply.", code="invalid_type", param=where) from None


def _fields(body: bytes) -> tuple[bytes, Fields]:
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


def _reason(error: Exception, size: int) -> str:
    """What is wrong and where, without the parser's own preamble."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    words = str(error).removeprefix("JSON is malformed: ")
    return words if "byte" in words else f"it ends too early (byte {size})"


def _task_type(fields: Fields) -> str | None:
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


def _wrong_type(said: str, where: str) -> InvalidRequest:
    """msgspec's "Expected `str`, got `int` - at `$[2].role`" in the words and with the paths of the request."""
    place = _PLACE.search(said)
    inner = place[1] if place else ""
    where += inner if inner.startswith("[") or not inner else f".{inner}"
    said = _PLACE.sub("", said)
    if missing := _MISSING.match(said):
        where = f"{where}.{missing[1]}"
        return InvalidRequest(f"The field `{where}` is missing.", code="missing_field", param=where)
    said = re.sub(r"\b(str|bool|int|float)\b", lambda word: _TYPE_NAMES[word[0]], said).replace(" | null", "")
    return InvalidRequest(
        f"`{where}` has the wrong type: {said[:1].lower()}{said[1:]}.", code="invalid_type", param=where
    )
