"""JSON Schemas for models that know a part of JSON Schema: what they do not know is told them in words."""

from typing import Any

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.raw_json.fields import UNREADABLE


def read_schema(schema: Raw, param: str) -> dict[str, Any]:
    """Raises InvalidRequest if it is no object."""
    try:
        return msgspec.json.decode(schema, type=dict[str, Any])
    except UNREADABLE as error:
        raise InvalidRequest(f"The JSON Schema cannot be read: {error}", param=param) from error


def describe(constraints: dict[str, Any], schema: dict[str, Any]) -> None:
    """Move constraints into a schema's description, where the model reads them."""
    if constraints:
        words = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in constraints.items())
        schema["description"] = "\n\n".join(filter(None, (schema.get("description"), f"{{{words}}}")))
