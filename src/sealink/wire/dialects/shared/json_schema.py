"""JSON answers from models that know only a part of JSON Schema, or have no JSON mode: the rest goes into the text."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.raw_json.fields import UNREADABLE

JSON_OBJECT_INSTRUCTION: Final = (
    "Respond with a single valid JSON object and nothing else: no prose around it, no code fence."
)
"""For upstreams that can enforce a schema but have no mode for JSON of any shape."""


def read_schema(schema: Raw, param: str) -> dict[str, Any]:
    """Raises InvalidRequest if it is not an object."""
    try:
        return msgspec.json.decode(schema, type=dict[str, Any])
    except UNREADABLE as error:
        raise InvalidRequest(f"The JSON Schema cannot be read: {error}", param=param) from error


def describe(constraints: dict[str, Any], schema: dict[str, Any]) -> None:
    """Move constraints into a schema's description, where the model reads them."""
    if constraints:
        words = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in constraints.items())
        schema["description"] = "\n\n".join(filter(None, (schema.get("description"), f"{{{words}}}")))
