"""The OpenAPI document of the admin API, written from the table of its operations."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from sealink import __version__
from sealink.admin.operation import Operation

_SCHEMAS: Final = "#/components/schemas/{name}"


class ErrorDetail(msgspec.Struct):
    message: str
    type: str
    code: str | None
    param: str | None


class Error(msgspec.Struct):
    """What an answer that is no success says."""

    error: ErrorDetail


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """https://spec.openapis.org/oas/v3.1.0"""
    operations = tuple(operations)
    types = {kind for each in operations for kind in (each.answer, each.body) if kind is not None}
    ordered = [*sorted(types, key=lambda kind: kind.__name__), Error]
    references, schemas = msgspec.json.schema_components(ordered, ref_template=_SCHEMAS)
    found = dict(zip(ordered, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, found)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SeaLink admin API", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _described(operation: Operation, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {
            str(operation.status): {"description": "Done.", "content": _json(schemas[operation.answer])},
            "default": {"description": "What was wrong.", "content": _json(schemas[Error])},
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"content": _json(schemas[operation.body]), "required": True}
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    _, components = msgspec.json.schema_components([operation.query])
    properties = components[operation.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
