"""JSON Schemas as Anthropic's constrained decoding takes them.

It refuses a schema with a constraint it cannot enforce ("For 'integer' type, property 'minimum' is not
supported": recording anthropic/req_llm-claude_haiku_4_5_20251001-object_basic-e3d5f0) or an object that
is not closed. As Anthropic's own SDKs do, such constraints are moved into the description, where the
model reads them. https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest

_SCHEMAS_BY_NAME: Final = ("$defs", "definitions", "properties")
_SCHEMA_LISTS: Final = ("anyOf", "allOf")
_ENFORCED: Final = frozenset(
    {"type", "enum", "const", "$ref", "required", "title", "description", "default", "items", "pattern"}
)
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)


def enforceable(schema: Raw, param: str) -> dict[str, Any]:
    """The schema with every constraint either enforceable or described. Raises InvalidRequest if it is no object."""
    try:
        return _adapted(msgspec.json.decode(schema, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The JSON Schema cannot be read: {error}", param=param) from error


def _each(schema: Any) -> Any:
    """A schema within a schema; `true` and `false` are schemas too."""
    return _adapted(schema) if isinstance(schema, dict) else schema


def _adapted(schema: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for name, value in schema.items():
        _place(name, value, kept, described)
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    if described:
        words = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in described.items())
        kept["description"] = "\n\n".join(filter(None, (kept.get("description"), f"{{{words}}}")))
    return kept


def _place(name: str, value: Any, kept: dict[str, Any], described: dict[str, Any]) -> None:
    if name in _SCHEMAS_BY_NAME and isinstance(value, dict):
        kept[name] = {key: _each(inner) for key, inner in value.items()}
    elif name in _SCHEMA_LISTS and isinstance(value, list):
        kept[name] = [_each(inner) for inner in value]
    elif name == "oneOf" and isinstance(value, list):
        kept["anyOf"] = [_each(inner) for inner in value]
    elif name == "items":
        kept[name] = _each(value)
    elif name in _ENFORCED or _is_enforced(name, value):
        kept[name] = value
    elif name != "$schema" and not (name == "additionalProperties" and isinstance(value, bool)):
        described[name] = value


def _is_enforced(name: str, value: Any) -> bool:
    return (name == "format" and isinstance(value, str) and value in _FORMATS) or (
        name == "minItems" and value in (0, 1)
    )
