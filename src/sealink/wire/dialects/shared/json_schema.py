"""JSON Schemas for models that know only a part of JSON Schema: constraints they do not know go into descriptions."""

from collections.abc import Sized
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ResponseFormat
from sealink.wire.raw_json.fields import UNREADABLE

JSON_OBJECT_INSTRUCTION: Final = (
    "Respond with a single valid JSON object and nothing else: no prose around it, no code fence."
)
"""For upstreams that can enforce a schema but have no mode for JSON of any shape."""


def required_schema(format: ResponseFormat) -> Raw:
    """The schema of a `json_schema` response format. Raises InvalidRequest if it has none."""
    if format.schema is None:
        raise InvalidRequest("`response_format` asks for a JSON Schema but has none.", param="response_format")
    return format.schema


def read_schema(schema: Raw, param: str) -> dict[str, Any]:
    """Raises InvalidRequest if it is not an object."""
    try:
        return msgspec.json.decode(schema, type=dict[str, Any])
    except UNREADABLE as error:
        raise InvalidRequest(f"The JSON Schema in `{param}` cannot be read: {error}", param=param) from error


def describe_constraints(constraints: dict[str, Any], schema: dict[str, Any]) -> None:
    """Append constraints to a schema's description, where the model reads them."""
    if constraints:
        text = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in constraints.items())
        schema["description"] = "\n\n".join(filter(None, (schema.get("description"), f"{{{text}}}")))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with each `$ref` to a part of itself replaced by that part, and without the parts' own place.

    A reference inside the part that it names, and whatever would make the schema many times as large, becomes a schema
    that takes anything.
    """
    return _Resolver(schema).whole()


def merged_object(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object without alternatives at its top: it has the properties of all of them, and only what all
    need is required."""
    merged = {**schema, "type": "object", "properties": dict(schema.get("properties") or {})}
    required = list(schema.get("required") or ())
    for name in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(name) or ():
            if isinstance(part, dict):
                inner = merged_object(part)
                merged["properties"].update(inner["properties"])
                required += inner.get("required", ()) if name == "allOf" else ()
    if required:
        merged["required"] = list(dict.fromkeys(required))
    return merged


class _Resolver:
    """Puts the parts of one schema in the places that refer to them."""

    _MAX_PLACED_VALUES = 100_000

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._left = self._MAX_PLACED_VALUES
        self._inside: set[str] = set()

    def whole(self) -> dict[str, Any]:
        return self._object({name: value for name, value in self._root.items() if name not in ("$defs", "definitions")})

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            self._count(value)
            return [self._value(each) for each in value]
        return self._object(value) if isinstance(value, dict) else value

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        self._count(schema)
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return {name: self._value(value) for name, value in schema.items()}
        rest = {name: self._value(value) for name, value in schema.items() if name != "$ref"}
        return self._named(reference) | rest

    def _count(self, values: Sized) -> None:
        if self._inside:
            self._left -= 1 + len(values)

    def _named(self, reference: str) -> dict[str, Any]:
        named = self._find(reference)
        if named is None or reference in self._inside or self._left <= 0:
            return {}
        self._inside.add(reference)
        placed = self._object(named)
        self._inside.remove(reference)
        return placed

    def _find(self, reference: str) -> dict[str, Any] | None:
        """What a JSON pointer into the schema names."""
        found: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) and reference.startswith("#") else None
