"""Values for JSON schemas, checked with the `jsonschema` package, which the simulated model itself does not use."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from sealink.sim import schema, schema_value
from sealink.sim.schema import UnusableSchema
from sealink.sim.schema_value import value_for

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
SYNTAX_TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("sum", "product", "negation", "number")]},
        **{
            name: {
                "type": "object",
                "properties": {
                    "op": {"const": name},
                    "left": {"$ref": "#/$defs/node"},
                    "right": {"$ref": "#/$defs/node"},
                },
                "required": ["op", "left", "right"],
            }
            for name in ("sum", "product")
        },
        "negation": {"type": "array", "items": {"$ref": "#/$defs/node"}, "minItems": 1, "maxItems": 1},
        "number": {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]},
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
    "recursive, and most alternatives lead on": SYNTAX_TREE,
    "tagged": SHAPES,
    "overlapping oneOf": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "older tuple": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "integer"}, {"type": "string"}],
        "minItems": 2,
    },
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
    "many to redraft": {"type": "array", "minItems": 30, "items": {"type": "integer", "not": {"multipleOf": 2}}},
    "nothing but what is required": {
        "allOf": [{"type": "object", "properties": {name: {} for name in "abcdefgh"}}, {"additionalProperties": False}]
    },
    "far from zero": {"type": "integer", "minimum": 0, "maximum": 9999, "not": {"maximum": 5000}},
    "a const with a schema of its own": {"const": {"a": [1, 2]}, "properties": {"a": {"items": {"type": "integer"}}}},
    "look-ahead": {"type": "string", "pattern": "^(?=[a-z])[a-z0-9]{2,4}$"},
    "format and pattern": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "format against pattern": {"type": "string", "format": "email", "pattern": r"^[a-z]+@corp\.test$"},
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
        validator_for(schema, default=Draft202012Validator)(schema, format_checker=FORMAT_CHECKER).validate(value)


def test_the_same_seed_gives_the_same_value_and_another_seed_another() -> None:
    assert value_for(TREE, Random(1)) == value_for(TREE, Random(1))
    assert len({json.dumps(value_for(WEATHER, Random(seed))) for seed in range(20)}) > 5


def test_words_of_the_prompt_are_used_where_any_text_will_do() -> None:
    assert any(value_for(WEATHER, Random(seed), ["Lisbon"])["location"] == "Lisbon" for seed in range(5))


def test_hash_seeds_do_not_matter() -> None:
    script = "import json, sys; from random import Random; from sealink.sim.schema_value import value_for\n"
    script += "print([value_for(schema, Random(1)) for schema in json.loads(sys.argv[1])])"
    found = {
        subprocess.run(
            [sys.executable, "-c", script, json.dumps(list(CASES.values()))],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_the_library_is_loaded_when_a_schema_is_asked_for() -> None:
    script = "import sys, sealink.sim; print('jsonschema_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"False\n"


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}] * 3}, {"allOf": [{"not": False}] * 3}])
def test_a_schema_that_leads_back_to_itself_asks_for_nothing(schema: object) -> None:
    Draft202012Validator({}).validate(value_for(schema, Random(0)))


def chained(link: object, length: int) -> dict[str, object]:
    """Definitions that each refer to the next, once or more."""
    links = {str(n): json.loads(json.dumps(link).replace("next", f"#/$defs/{n - 1}")) for n in range(1, length + 1)}
    return {"$ref": f"#/$defs/{length}", "$defs": {**links, "0": {"type": "integer"}}}


NEXT = {"$ref": "next"}

IMPOSSIBLE = [
    (False, "impossible to satisfy: False schema"),
    ({"enum": [1], "const": 2}, "impossible to satisfy: 2 is not"),
    ({"not": {"allOf": [{"$ref": "#"}] * 3}}, "impossible to satisfy"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, 'impossible to satisfy: .* is not of type "integer"'),
    ({"type": "string", "minLength": 10**12}, "impossible to satisfy"),
    ({"type": "string", "pattern": "^(a+)+$", "not": {"pattern": "^(a|a)*$"}}, "impossible to satisfy"),
    ({"type": "array", "items": False, "minItems": 1}, "impossible to satisfy"),
]

ENDLESS = [
    ({"type": "array", "minItems": 30, "items": {"$ref": "#"}}, "nested too deeply"),
    (
        {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcd"}, "required": ["a"]},
        "nested too deeply",
    ),
]

TOO_LARGE = [
    {"type": "array", "minItems": 10**9, "items": {"type": "integer"}},
    {"type": "array", "contains": {}, "minContains": 10**9},
    {"type": "object", "minProperties": 10**9},
    {"type": "object", "minProperties": 10**9, "patternProperties": {"^.{5}$": {}}},
    {"type": "array", "minItems": 9000, "items": {"anyOf": [{"const": each} for each in range(9000)]}},
    {"type": "array", "minItems": 3000, "items": {"type": "string", "pattern": "^.{999}$"}},
    {"type": "array", "minItems": 3000, "items": {"type": "string", "minLength": 9999}},
    {"type": "array", "minItems": 3000, "items": {"type": "boolean"}, "uniqueItems": True},
    {"type": "array", "minItems": 9000, "items": {"type": "array", "minItems": 9000}},
    {"enum": list(range(200_000))},
]

CHAINS: list[tuple[dict[str, object], int]] = [
    ({"allOf": [NEXT] * 2}, 30),
    ({"oneOf": [NEXT] * 3}, 30),
    ({"properties": {"a": {"allOf": [NEXT] * 2}}, "required": ["a"]}, 30),
    ({"properties": {"a": NEXT, "b": NEXT}, "required": ["a", "b"]}, 30),
    (NEXT, 50_000),
]

INVALID = [
    ({"type": "strin"}, 'not valid: "strin"'),
    ({"minimum": "5"}, "not valid: "),
    ({"exclusiveMinimum": True, "minimum": 2}, "not valid: true is not of type"),
    ({"items": [{"type": "integer"}]}, "not valid: "),
    ([], "not valid: "),
    ({"pattern": "("}, "not valid: "),
    ({"pattern": "((((a{900}){900}){900}){900})"}, "not valid: "),
    ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "reference that is not supported here: #/"),
    ({"$ref": "http://127.0.0.1:9/schema.json"}, "reference that is not supported here: http:"),
    ({"$ref": "file:///etc/hostname"}, "reference that is not supported here: file:"),
    ({"$ref": "#name", "$defs": {"a": {"$anchor": "name"}}}, "reference that is not supported here: #name"),
    ({"items": {"$dynamicRef": "#name"}}, "has a \\$dynamicRef"),
    ({"items": {"$id": "https://example.com/item"}}, "an \\$id within"),
    (json.loads('{"not":' * 400 + "{}" + "}" * 400), "not valid: Recursion limit"),
]


@pytest.mark.parametrize(
    ("schema", "why"),
    [*IMPOSSIBLE, *ENDLESS, *((each, "too large") for each in TOO_LARGE), *INVALID],
    ids=lambda part: str(part)[:60],
)
def test_a_schema_without_a_value_costs_little_and_is_answered_with_the_reason(schema: object, why: str) -> None:
    refused(schema, why)


@pytest.mark.parametrize(("link", "length"), CHAINS, ids=lambda part: str(part)[:60])
def test_a_chain_of_definitions_costs_little_too(link: dict[str, object], length: int) -> None:
    refused(chained(link, length), "too large")


def refused(schema: object, why: str) -> None:
    began_s = time.process_time()
    with pytest.raises(UnusableSchema, match=why):
        value_for(schema, Random(0))
    assert time.process_time() - began_s < 5


def test_steps_checks_and_sizes_are_limited_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"type": "array", "minItems": 50, "items": {"type": "integer", "not": {"multipleOf": 2}}}
    assert len(value_for(numbers, Random(0))) >= 50
    limits = [(schema, "MAX_STEPS", 20), (schema_value, "MAX_CHECKS", 1), (schema_value, "MAX_SIZE", 49)]
    for module, name, limit in limits:
        with monkeypatch.context() as limited:
            limited.setattr(module, name, limit)
            with pytest.raises(UnusableSchema):
                value_for(numbers, Random(0))


def test_below_the_roomy_depth_only_what_is_required_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_value, "ROOMY_DEPTH", 0)
    assert all(value_for(WEATHER, Random(seed)).keys() == {"location"} for seed in range(20))


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
def test_any_schema_of_the_usual_keywords_is_met(schema: object, seed: int) -> None:
    Draft202012Validator(schema).validate(json.loads(json.dumps(value_for(schema, Random(seed)))))


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


@given(schema=NONSENSE)
def test_any_schema_gets_a_value_or_the_reason_why_not(schema: object) -> None:
    with suppress(UnusableSchema):
        value = json.loads(json.dumps(value_for(schema, Random(0))))
        with suppress(RecursionError):  # of jsonschema, about a schema that leads back to itself
            Draft202012Validator(schema).validate(value)
