"""JSON Schemas as Gemini takes them, for `parametersJsonSchema` and `responseJsonSchema`.

It knows only the keywords listed at https://ai.google.dev/api/generate-content#FIELDS.response_json_schema. Other
constraints would be lost, or refused: they are moved into the description, where the model reads them.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.wire.dialects.shared.json_schema import describe_constraints, read_schema

_SCHEMAS_BY_NAME: Final = ("$defs", "properties")
_SCHEMA_LISTS: Final = ("anyOf", "oneOf", "prefixItems")
_SCHEMAS: Final = ("items", "additionalProperties")
_KEPT: Final = frozenset(
    {
        *("$id", "$ref", "$anchor", "type", "title", "description", "enum", "required", "propertyOrdering"),
        *("minItems", "maxItems", "minimum", "maximum"),
    }
)
_FORMATS: Final = frozenset({"date-time", "date", "time", "float", "double", "int32", "int64"})
_TYPES: Final = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))


def adapted(schema: Raw, param: str) -> dict[str, Any]:
    """The schema with every constraint either as Gemini takes it or described. Raises InvalidRequest."""
    return _adapted(read_schema(schema, param))


def _each(schema: Any) -> Any:
    """A schema within a schema; `true` and `false` are schemas too."""
    return _adapted(schema) if isinstance(schema, dict) else schema


def _adapted(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:  # "no other properties, except for those starting as a $, may be set"
        schema = {name: value for name, value in schema.items() if name.startswith("$")}
    kept: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for name, value in schema.items():
        _place(name, value, kept, described)
    describe_constraints(described, kept)
    return kept


def _place(name: str, value: Any, kept: dict[str, Any], described: dict[str, Any]) -> None:
    if name == "definitions":
        name = "$defs"
    if name == "$ref" and isinstance(value, str):
        kept[name] = value.replace("#/definitions/", "#/$defs/", 1)
    elif name in _SCHEMAS_BY_NAME and isinstance(value, dict):
        kept[name] = {**kept.get(name, {}), **{key: _each(inner) for key, inner in value.items()}}
    elif name in _SCHEMA_LISTS and isinstance(value, list):
        kept[name] = [_each(inner) for inner in value]
    elif name in _SCHEMAS:
        kept[name] = _each(value)
    elif name == "allOf" and isinstance(value, list):
        _merge([_each(inner) for inner in value], kept)
    elif name == "const" and (type := _type_of(value)):
        kept["enum"] = [value]
        kept.setdefault("type", type)
    elif name in _KEPT or (name == "format" and value in _FORMATS):
        kept[name] = value
    elif name != "$schema":
        described[name] = value


def _merge(schemas: list[Any], kept: dict[str, Any]) -> None:
    """Gemini has no `allOf`: its schemas are merged into one."""
    listed: dict[str, set[bytes]] = {}
    for schema in schemas:
        for name, value in schema.items() if isinstance(schema, dict) else ():
            before = kept.get(name)
            if isinstance(before, dict) and isinstance(value, dict):
                before.update(value)
            elif isinstance(before, list) and isinstance(value, list):
                if name not in listed:
                    listed[name] = set(map(msgspec.json.encode, before))
                _extend(before, value, listed[name])
            else:
                kept.setdefault(name, value)


def _extend(before: list[Any], more: list[Any], listed: set[bytes]) -> None:
    """Appends what is not yet in the list; `listed` is what is, as JSON."""
    for each in more:
        encoded = msgspec.json.encode(each)
        if encoded not in listed:
            listed.add(encoded)
            before.append(each)


def _type_of(value: Any) -> str:
    return next((name for type, name in _TYPES if isinstance(value, type)), "")
