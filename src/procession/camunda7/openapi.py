"""The OpenAPI document of what this server answers under `/engine-rest`, derived from the routes: it cannot disagree with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from procession.camunda7.routes import Route

_PARAMETER = re.compile(r"\{([^}]+)\}")
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "Camunda's exception name"},
        "message": {"type": "string"},
        "code": {"type": "integer", "nullable": True},
    },
}


def document(
    routes: Iterable[Route], version: str, query_parameters: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """An OpenAPI 3.0 document. `query_parameters` gives the names and JSON types of the filters by path."""
    filters = query_parameters or {}
    paths: dict[str, dict[str, Any]] = {}
    for entry in routes:
        paths.setdefault(entry.path, {})[entry.method.lower()] = _operation(entry, filters.get(entry.path, {}))
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Procession: REST API of Camunda 7",
            "description": "Paths, parameters, bodies and errors are those of Camunda 7.24.",
            "version": version,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": "/engine-rest"}, {"url": "/engine-rest/engine/default"}],
        "paths": paths,
        "components": {
            "schemas": {"ExceptionDto": _PROBLEM},
            "securitySchemes": {"basicAuth": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(entry: Route, filters: Mapping[str, str]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(entry.path)
    ]
    if entry.method == "GET":
        parameters += [
            {"name": name, "in": "query", "schema": {"type": kind}} for name, kind in sorted(filters.items())
        ]
    operation: dict[str, Any] = {
        "operationId": f"{entry.handler.__name__}_{_identifier(entry)}",
        "tags": [_tag(entry)],
        "summary": (entry.handler.__doc__ or "").strip().split("\n", 1)[0],
        "parameters": parameters,
        "responses": {
            "2XX": {"description": "done"},
            "default": {
                "description": "an error",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ExceptionDto"}}},
            },
        },
        "security": [] if entry.open else [{}, {"basicAuth": []}],
    }
    if entry.form:
        operation["requestBody"] = {"content": {"multipart/form-data": {"schema": {"type": "object"}}}}
    elif entry.method in ("POST", "PUT"):
        operation["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return operation


def _identifier(entry: Route) -> str:
    return re.sub(r"\W+", "_", f"{entry.method}_{entry.path}").strip("_").lower()


def _tag(entry: Route) -> str:
    parts = entry.segments
    return "/".join(parts[:2]) if parts[:1] == ("history",) else parts[0] if parts else "root"
