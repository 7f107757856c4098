"""JSON Schemas that Claude's constrained decoding can enforce.

It refuses a schema with a constraint that it cannot enforce ("For 'integer' type, property 'minimum' is not
supported": recording anthropic/req_llm-claude_haiku_4_5_20251001-object_basic-e3d5f0), and objects without
`"additionalProperties": false`. As Anthropic's own SDKs do, such constraints are moved into the description, where
the model reads them. https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from typing import Any, Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.dialects.shared.claude.models import ModelRules
from sealink.wire.dialects.shared.json_schema import describe_constraints, read_schema

_SCHEMAS_BY_NAME: Final = ("$defs", "definitions", "properties")
_SCHEMA_LISTS: Final = ("anyOf", "allOf")
_ENFORCED: Final = frozenset(
    {"type", "enum", "const", "$ref", "required", "title", "description", "default", "items", "pattern"}
)
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)


def enforceable(schema: Raw, param: str) -> dict[str, Any]:
    """The schema with each constraint either enforceable or described. Raises InvalidRequest if it is not an object."""
    return _adapted(read_schema(schema, param))


def output_schema(schema: Raw, rules: ModelRules) -> dict[str, Any]:
    """The schema of an answer. Raises InvalidRequest if the model has no structured outputs."""
    if not rules.structured_outputs:
        raise InvalidRequest(
            "response_format cannot be a JSON Schema: structured outputs need Claude 4.5 or newer.",
            code="unsupported_parameter",
            param="response_format",
        )
    return enforceable(schema, "response_format")


def _inner(schema: Any) -> Any:
    """A schema inside a schema; `true` and `false` are schemas too."""
    return _adapted(schema) if isinstance(schema, dict) else schema


def _adapted(schema: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for name, value in schema.items():
        _place(name, value, kept, described)
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    describe_constraints(described, kept)
    return kept


def _place(name: str, value: Any, kept: dict[str, Any], described: dict[str, Any]) -> None:
    if name in _SCHEMAS_BY_NAME and isinstance(value, dict):
        kept[name] = {key: _inner(inner) for key, inner in value.items()}
    elif name in _SCHEMA_LISTS and isinstance(value, list):
        kept[name] = [_inner(inner) for inner in value]
    elif name == "oneOf" and isinstance(value, list):
        kept["anyOf"] = [_inner(inner) for inner in value]
    elif name == "items":
        kept[name] = _inner(value)
    elif name in _ENFORCED or _is_enforced(name, value):
        kept[name] = value
    elif name != "$schema" and not (name == "additionalProperties" and isinstance(value, bool)):
        described[name] = value


def _is_enforced(name: str, value: Any) -> bool:
    return (name == "format" and isinstance(value, str) and value in _FORMATS) or (
        name == "minItems" and value in (0, 1)
    )
