"""JSON Schemas in the words that Gemini knows. https://ai.google.dev/api/generate-content#FIELDS.response_json_schema"""

import json
from typing import Any

import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.dialects.gemini_generate.upstream.schema import adapted


def adapt(schema: Any) -> dict[str, Any]:
    return adapted(Raw(json.dumps(schema).encode()), "where")


def test_what_gemini_knows_stays() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "properties": {
            "a": {"type": ["string", "null"], "enum": ["x"], "format": "date-time"},
            "b": {"type": "array", "items": {"$ref": "#/$defs/C"}, "minItems": 1},
            "c": {"anyOf": [{"type": "integer", "minimum": 1}, True]},
        },
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"C": {"type": "number"}},
    }
    assert adapt(schema) == schema


def test_other_constraints_are_described() -> None:
    schema = adapt({"type": "string", "description": "D", "pattern": "^a$", "format": "email", "maxLength": 3})
    assert schema["type"] == "string"
    assert schema["description"] == 'D\n\n{pattern: "^a$", format: "email", maxLength: 3}'
    assert set(schema) == {"type", "description"}


def test_a_constant_is_a_choice_of_one() -> None:
    assert adapt({"const": "a"}) == {"enum": ["a"], "type": "string"}
    assert adapt({"const": True}) == {"enum": [True], "type": "boolean"}
    assert adapt({"const": None}) == {"description": "{const: null}"}


def test_older_names_and_the_schemas_own_address() -> None:
    schema = adapt(
        {"$schema": "x", "definitions": {"A": {"const": 1}}, "items": {"$ref": "#/definitions/A", "title": "t"}}
    )
    assert schema == {"$defs": {"A": {"enum": [1], "type": "integer"}}, "items": {"$ref": "#/$defs/A"}}


def test_what_must_hold_together_is_said_together() -> None:
    schema = adapt(
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["a", "b"]},
                True,
            ]
        }
    )
    assert schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a", "b"],
    }


@pytest.mark.parametrize("schema", ["[]", "1", '{"a":', '{"a":' * 3000])
def test_what_is_no_schema_is_refused(schema: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        adapted(Raw(schema.encode()), "where")
    assert caught.value.param == "where"
