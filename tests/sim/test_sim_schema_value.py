"""Values for JSON schemas, held against the `jsonschema` package."""

import json
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sealink.sim.schema_check import satisfies
from sealink.sim.schema_value import MAX_ITEMS, value_for

FORMAT_CHECKER = Draft202012Validator.FORMAT_CHECKER

WEATHER = {
    "type": "object",
    "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["location"],
    "additionalProperties": False,
}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "next"],
            "additionalProperties": False,
        }
    },
}
SHAPES = {
    "oneOf": [
        {"type": "object", "properties": {"kind": {"const": "circle"}, "r": {"type": "number", "exclusiveMinimum": 0}},
         "required": ["kind", "r"]},
        {"type": "object", "properties": {"kind": {"const": "square"}, "side": {"type": "integer", "minimum": 1}},
         "required": ["kind", "side"]},
    ]
}  # fmt: skip

CASES = {
    "anything": {},
    "tool": WEATHER,
    "recursive": TREE,
    "tagged": SHAPES,
    "overlapping oneOf": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "older definitions": {"definitions": {"a/b": {"const": 7}}, "$ref": "#/definitions/a~1b"},
    "a reference and its neighbours": {"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n", "minimum": 500},
    "allOf": {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}, {"multipleOf": 2}]},
    "allOf of objects": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
            {"properties": {"a": {"type": "integer", "minimum": 9}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    },
    "not": {"type": "integer", "minimum": 0, "maximum": 3, "not": {"enum": [0, 1, 3]}},
    "if": {
        "type": "object",
        "properties": {"country": {"enum": ["NL", "US"]}},
        "required": ["country"],
        "if": {"properties": {"country": {"const": "NL"}}},
        "then": {"properties": {"code": {"pattern": "^[0-9]{4} [A-Z]{2}$", "type": "string"}}, "required": ["code"]},
        "else": {"properties": {"code": {"pattern": "^[0-9]{5}$", "type": "string"}}, "required": ["code"]},
    },
    "unique members": {"type": "array", "items": {"enum": list("abcd")}, "minItems": 4, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "items": False},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 90}, "minContains": 2},
    "sized object": {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    "small object": {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in "abcdef"},
        "required": ["e"],
        "maxProperties": 2,
    },
    "named by pattern": {
        "type": "object",
        "patternProperties": {"^x-[a-z]+$": {"type": "integer"}},
        "minProperties": 2,
        "additionalProperties": False,
    },
    "dependent": {
        "type": "object",
        "properties": {"card": {"type": "string"}, "address": {"type": "string"}},
        "dependentRequired": {"card": ["address"]},
    },
    "nullable": {"type": ["string", "null"], "minLength": 40, "maxLength": 44},
    "money": {"type": "number", "multipleOf": 0.01, "minimum": 0.5, "maximum": 0.9},
    "narrow": {"type": "number", "exclusiveMinimum": 0.001, "exclusiveMaximum": 0.0011},
    "below zero": {"type": "integer", "maximum": -5},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    **{name: {"type": "string", "format": name} for name in ("date-time", "date", "time", "duration", "email",
        "hostname", "ipv4", "ipv6", "uri", "uuid", "json-pointer", "regex", "unheard-of")},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_value_is_what_the_schema_asks_for(name: str) -> None:
    schema = CASES[name]
    for seed in range(40):
        value = json.loads(json.dumps(value_for(schema, Random(seed))))
        Draft202012Validator(schema, format_checker=FORMAT_CHECKER).validate(value)


def test_the_same_seed_gives_the_same_value_and_another_seed_another() -> None:
    assert value_for(TREE, Random(1)) == value_for(TREE, Random(1))
    assert len({json.dumps(value_for(WEATHER, Random(seed))) for seed in range(20)}) > 5


def test_words_of_the_prompt_are_used_where_any_text_will_do() -> None:
    assert any(value_for(WEATHER, Random(seed), ["Lisbon"])["location"] == "Lisbon" for seed in range(5))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"type": "array", "minItems": 10**9, "items": {"type": "integer"}},
        {"type": "string", "minLength": 10**12},
        {"type": "string", "pattern": "((((a{900}){900}){900}){900})"},
        {"type": "array", "minItems": 30, "items": {"$ref": "#"}},
        {"type": "number", "multipleOf": 1e-300, "minimum": 1},
        {"enum": [1], "const": 2},
        False,
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]},
        {"not": {"allOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]}},
        {"$ref": "#/$defs/30", "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n - 1}"}] * 2} for n in range(1, 31)}},
        {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefgh"}, "required": list("abcdefgh")},
    ],
    ids=lambda schema: str(schema)[:60],
)
def test_a_schema_that_cannot_be_met_costs_little_and_raises_nothing(schema: object) -> None:
    began_s = time.process_time()
    value = value_for(schema, Random(0))
    assert time.process_time() - began_s < 2
    assert len(json.dumps(value)) < MAX_ITEMS * 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)

INTEGERS = st.builds(
    lambda low, span, step: {"type": "integer", "minimum": low, "maximum": low + span + step, "multipleOf": step},
    st.integers(-50, 50), st.integers(0, 90), st.integers(1, 7),
)  # fmt: skip
NUMBERS = st.builds(
    lambda low, span: {"type": "number", "exclusiveMinimum": low, "maximum": low + span},
    st.floats(-100, 100), st.floats(0.01, 10),
)  # fmt: skip
STRINGS = st.builds(
    lambda least, span: {"type": "string", "minLength": least, "maxLength": least + span},
    st.integers(0, 30), st.integers(0, 9),
) | st.sampled_from(["^[a-f0-9]{8}$", "^(yes|no)$", r"^\d+(\.\d{2})?$", "^[^x]*$", r"^\w+@\w+\.com$"]).map(
    lambda pattern: {"type": "string", "pattern": pattern}
)  # fmt: skip
SCALARS = INTEGERS | NUMBERS | STRINGS | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": [1, "a"]}])


def _composed(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    names = st.sampled_from(["a", "b", "c"])
    objects = st.builds(
        lambda properties, required, closed: {
            "type": "object",
            "properties": properties,
            "required": [name for name in required if name in properties],
            "additionalProperties": not closed,
        },
        st.dictionaries(names, inner, max_size=3), st.lists(names, unique=True), st.booleans(),
    )  # fmt: skip
    arrays = st.builds(
        lambda items, least, span: {"type": "array", "items": items, "minItems": least, "maxItems": least + span},
        inner, st.integers(0, 3), st.integers(0, 3),
    )  # fmt: skip
    either = st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
    also = inner.map(lambda schema: {"allOf": [schema, {"description": "as above"}]})
    named = inner.map(lambda schema: {"oneOf": [{"type": "object", "properties": {"it": schema, "tag": {"const": tag}},
                                                 "required": ["it", "tag"]} for tag in ("x", "y")]})  # fmt: skip
    return objects | arrays | either | also | named


SCHEMAS = st.recursive(SCALARS, _composed, max_leaves=8)


@given(schema=SCHEMAS, seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_any_schema_of_the_usual_keywords_is_met(schema: object, seed: int) -> None:
    Draft202012Validator(schema).validate(json.loads(json.dumps(value_for(schema, Random(seed)))))


@given(schema=SCHEMAS, value=JSON)
@settings(max_examples=150, deadline=None)
def test_the_check_agrees_with_jsonschema(schema: object, value: object) -> None:
    assert satisfies(value, schema) == Draft202012Validator(schema).is_valid(value)


KEYWORDS = st.sampled_from(
    ["type", "enum", "const", "properties", "required", "items", "prefixItems", "minItems", "maxItems", "anyOf",
     "oneOf", "allOf", "not", "if", "then", "$ref", "$defs", "pattern", "minLength", "minimum", "multipleOf",
     "contains", "minContains", "format", "uniqueItems", "additionalProperties", "patternProperties",
     "minProperties", "maxProperties", "exclusiveMinimum", "dependentRequired", "propertyNames"]
)  # fmt: skip
NONSENSE = st.recursive(
    JSON | st.sampled_from(["string", "object", "array", "#", "#/$defs/a", "(", "[a-"]) | st.floats(allow_nan=False),
    lambda inner: st.dictionaries(KEYWORDS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(schema=NONSENSE, value=JSON)
@settings(max_examples=300, deadline=None)
def test_no_schema_makes_it_stumble(schema: object, value: object) -> None:
    json.dumps(value_for(schema, Random(0)))
    satisfies(value, schema)
