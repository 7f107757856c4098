"""JSON Schemas for Claude: constraints that it cannot enforce are moved into descriptions."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.dialects.shared.claude.schema import enforceable

CLOSED = {"type": "object", "additionalProperties": False}


def adapted(**schema: Any) -> dict[str, Any]:
    return enforceable(Raw(msgspec.json.encode(schema)), "response_format")


def test_what_can_be_enforced_stays() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "properties": {
            "day": {"type": "string", "format": "date", "default": "2026-01-01"},
            "code": {"type": "string", "pattern": "^a$"},
            "kind": {"enum": ["a", "b"]},
            "all": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        },
        "required": ["day"],
        "additionalProperties": False,
        "$defs": {"item": {"anyOf": [{"type": "null"}, {"const": 1}]}},
    }
    assert adapted(**schema) == schema


def test_a_constraint_becomes_part_of_the_description() -> None:
    """As recorded: "For 'integer' type, property 'minimum' is not supported"."""
    assert adapted(type="integer", minimum=0, maximum=9) == {
        "type": "integer",
        "description": "{minimum: 0, maximum: 9}",
    }
    assert adapted(type="string", description="A name", maxLength=3) == {
        "type": "string",
        "description": "A name\n\n{maxLength: 3}",
    }
    assert adapted(type="string", format="isbn") == {"type": "string", "description": '{format: "isbn"}'}
    assert adapted(type="string", format=["odd"]) == {"type": "string", "description": '{format: ["odd"]}'}
    assert adapted(type="array", minItems=2) == {"type": "array", "description": "{minItems: 2}"}


def test_objects_are_closed() -> None:
    assert adapted(type="object", additionalProperties=True) == CLOSED
    assert adapted(properties={"a": True}) == {"properties": {"a": True}, "additionalProperties": False}
    assert adapted(type="object", additionalProperties={"type": "string"}) == {
        **CLOSED,
        "description": '{additionalProperties: {"type":"string"}}',
    }


def test_schemas_within_schemas() -> None:
    inner = {"type": "object", "properties": {"maximum": {"type": "number", "multipleOf": 2}}}
    closed = {**CLOSED, "properties": {"maximum": {"type": "number", "description": "{multipleOf: 2}"}}}
    assert adapted(items=inner) == {"items": closed}
    assert adapted(allOf=[inner], anyOf=[inner]) == {"allOf": [closed], "anyOf": [closed]}
    assert adapted(oneOf=[inner]) == {"anyOf": [closed]}
    assert adapted(**{"$defs": {"minimum": inner}, "definitions": {"a": inner}}) == {
        "$defs": {"minimum": closed},
        "definitions": {"a": closed},
    }


def test_the_dialect_of_json_schema_is_not_told() -> None:
    assert adapted(**{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "null"}) == {"type": "null"}


@pytest.mark.parametrize("schema", [b"[]", b"true", b"{", b'{"not":' * 50_000 + b"1" + b"}" * 50_000])
def test_what_is_no_schema(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        enforceable(Raw(schema), "response_format")
    assert caught.value.param == "response_format"
