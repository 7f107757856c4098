"""Schemas of tools as Amazon's Nova takes them: three keys at the top, no references."""

import json
from typing import Any

import pytest
from msgspec import Raw

from sealink.request import ChatRequest, Message, Text, Tool
from sealink.wire.dialects.bedrock_converse import UPSTREAM
from sealink.wire.dialects.shared.json_schema import resolved

STRING = {"type": "string"}


def sent(schema: dict[str, Any], model: str = "amazon.nova-lite-v1:0") -> Any:
    tool = Tool(name="f", parameters=Raw(json.dumps(schema).encode()))
    request = ChatRequest(model="m", messages=[Message("user", [Text(text="Hi")])], tools=[tool])
    return json.loads(UPSTREAM.write_request(request, model).body)["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"][
        "json"
    ]


@pytest.mark.parametrize(
    "key", ["$schema", "additionalProperties", "title", "description", "$defs", "definitions", "$id", "examples"]
)
def test_nothing_but_type_properties_and_required_is_at_the_top(key: str) -> None:
    inner = {"type": "object", "properties": {"definitions": STRING}, "additionalProperties": False}
    schema = {key: {}, "type": "object", "properties": {"a": inner, "title": STRING}, "required": ["a"]}
    assert sent(schema) == {"type": "object", "properties": {"a": inner, "title": STRING}, "required": ["a"]}


@pytest.mark.parametrize("model", ["us.amazon.nova-2-lite-v1:0", "amazon.nova-pro-v1:0"])
@pytest.mark.parametrize("place", ["$defs", "definitions"])
def test_references_are_resolved(place: str, model: str) -> None:
    parts = {"A/b": {"type": "object", "properties": {"c": {"$ref": f"#/{place}/C"}}}, "C": STRING}
    reference = {"$ref": f"#/{place}/A~1b", "description": "An A."}
    schema = {"type": "object", "properties": {"a": reference, "all": {"items": reference}}, place: parts}
    placed = {"type": "object", "properties": {"c": STRING}, "description": "An A."}
    assert sent(schema, model) == {"type": "object", "properties": {"a": placed, "all": {"items": placed}}}


def test_a_reference_at_the_top_and_alternatives_become_one_object() -> None:
    assert sent({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": STRING}}}}) == {
        "type": "object",
        "properties": {"a": STRING},
    }
    one, other = ({"properties": {name: STRING}, "required": [name]} for name in "ab")
    assert sent({"anyOf": [one, other]}) == {"type": "object", "properties": {"a": STRING, "b": STRING}}
    assert sent({"allOf": [one, other]})["required"] == ["a", "b"]
    assert sent({}) == {"type": "object", "properties": {}}


def test_a_reference_to_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "up": {"$ref": "#"}}}
    schema = {"type": "object", "properties": {"first": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}}
    assert sent(schema)["properties"]["first"]["properties"]["next"] == {}


def test_references_cannot_make_a_schema_large() -> None:
    """Each part refers ten times to the next one: ten to the twentieth in all."""
    parts = {f"P{n}": {"items": [{"$ref": f"#/$defs/P{n + 1}"}] * 10} for n in range(20)}
    schema = resolved({"properties": {"a": {"$ref": "#/$defs/P0"}}, "$defs": parts})
    assert len(json.dumps(schema)) < 5_000_000


def test_other_families_get_the_schema_as_it_is() -> None:
    schema = {"$schema": "x", "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": STRING}}
    assert sent(schema, "anthropic.claude-sonnet-4-5-20250929-v1:0") == schema
