"""JSON Schemas for models that know only a part of JSON Schema: constraints they do not know go into descriptions."""

from typing import Any, Final

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
