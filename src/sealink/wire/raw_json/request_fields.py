"""A client's request as JSON: its top-level fields, raw, each read as the type it must have or refused by name.

If a field is given twice, the last one counts, as for most parsers.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.raw_json.fields import Fields, made_strict, object_of, parse_object, to_raw, without

MAX_TASK_TYPE_CHARS: Final = 64
MAX_MODEL_CHARS: Final = 2048
"""The longest names of models that are known, Bedrock's ARNs, may have as many (its InvokeModel, `modelId`)."""

ModelName = Annotated[str, msgspec.Meta(max_length=MAX_MODEL_CHARS)]
"""What a request asks for: it is kept, in rows and tables, and the client may write anything."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")
_MISSING = re.compile(r"Object missing required field `(.+?)`")
_TYPE_NAMES: Final = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}


class _Metadata(msgspec.Struct):
    task_type: str | None = None


class RequestFields:
    """A request's fields, read one by one; `rest` are those that have not been read."""

    def __init__(self, fields: Fields, read_elsewhere: Iterable[str] = ()) -> None:
        self.fields = fields
        self._read = set(read_elsewhere)

    def __call__(self, name: str, type: Any) -> Any:
        raw = self.fields.get(name)
        if raw is None:  # nearly always
            return None
        self._read.add(name)
        return read_value(raw, name, type)

    @property
    def rest(self) -> Fields:
        return without(self.fields, *self._read)


def read_body(body: bytes) -> tuple[bytes, Fields]:
    """The body, corrected if it was not strictly JSON, and its fields. Raises InvalidRequest."""
    try:
        return body, parse_object(body)
    except msgspec.ValidationError:
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_type") from None
    except (ValueError, RecursionError) as error:
        strict = made_strict(body, constants=False)
        if strict is None or not strict.startswith(b"{"):
            message = f"The request body is not valid JSON: {_reason(error, len(body))}."
            raise InvalidRequest(message, code="invalid_json") from None
    return strict, parse_object(strict)


def read_field(fields: Fields, name: str, type: Any) -> Any:
    """A field's value, None if it is absent. Raises InvalidRequest with the path of a value of another type."""
    raw = fields.get(name)
    if raw is None:
        return None
    return read_value(raw, name, type)


def read_value(raw: msgspec.Raw, where: str, type: Any) -> Any:
    """The value at a place in the request (`messages[2].content`). Raises InvalidRequest as above."""
    try:
        return _decoder(type).decode(raw)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error), where) from None
    except RecursionError:
        raise InvalidRequest(f"`{where}` is nested too deeply.", code="invalid_type", param=where) from None


@cache  # types are few, and to build a decoder takes longer than to use it
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def no_messages() -> InvalidRequest:
    """The error for `messages: []`, in OpenAI's words (recorded: openai-chat/ai-gateway-chat-no-messages-a65196)."""
    return InvalidRequest(
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        code="empty_array",
        param="messages",
    )


def read_task_type(fields: Fields) -> str | None:
    """SeaLink's own `metadata.task_type`."""
    if "metadata" not in fields:  # nearly always
        return None
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
    """The client's own `metadata`, without SeaLink's `task_type`."""
    if "metadata" not in fields:
        return {}
    return without(object_of(fields.get("metadata")) or {}, "task_type")


def without_task_type(fields: Fields) -> Fields:
    """The fields without SeaLink's `metadata.task_type`, and without `metadata` if that was all of it."""
    rest = own_metadata(fields)
    return {**fields, "metadata": to_raw(rest)} if rest else without(fields, "metadata")


def missing(where: str) -> InvalidRequest:
    return InvalidRequest(f"The field `{where}` is missing.", code="missing_field", param=where)


def untranslatable(what: str, where: str) -> InvalidRequest:
    """The error for what only an upstream of the client's own dialect could be given."""
    message = f"`{where}` is not supported by this model: {what} cannot be translated for its provider."
    return InvalidRequest(message, code="unsupported_parameter", param=where)


def _reason(error: Exception, size: int) -> str:
    """What is wrong with the JSON, and where."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    reason = str(error).removeprefix("JSON is malformed: ")
    return reason if "byte" in reason else f"it ends too early (byte {size})"


def _wrong_type(message: str, where: str) -> InvalidRequest:
    """msgspec's "Expected `str`, got `int` - at `$[2].role`" with JSON's type names and the request's path."""
    place = _PLACE.search(message)
    inner = place[1] if place else ""
    where += inner if inner.startswith("[") or not inner else f".{inner}"
    message = _PLACE.sub("", message)
    if missing_field := _MISSING.match(message):
        return missing(f"{where}.{missing_field[1]}")
    if too_long := _TOO_LONG.match(message):
        message = f"`{where}` has more than {too_long[1]} characters."
        return InvalidRequest(message, code="string_above_max_length", param=where)
    message = re.sub(r"\b(str|bool|int|float)\b", lambda word: _TYPE_NAMES[word[0]], message).replace(" | null", "")
    return InvalidRequest(
        f"`{where}` has the wrong type: {message[:1].lower()}{message[1:]}.", code="invalid_type", param=where
    )
