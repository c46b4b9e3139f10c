"""The OpenAPI document, made from the handlers' own signatures."""

from typing import Any, Final

from aiohttp import web
from aiohttp_pydantic.oas.pydantic_schema_to_oas import (
    add_or_replace_translater,
    pydantic_schema_to_oas_3_1,
)
from aiohttp_pydantic.oas.view import generate_oas

from server.core.http import ACCESS, Access, Problem, Public, Route

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_NO_MODEL: Final[dict[str, Any]] = {"application/json": {"schema": {}}}
_FILE: Final = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
"""Bytes of a kind that the answer's own Content-Type tells."""


def openapi_document(app: web.Application, *, version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of every described route of ``app``.

    Pydantic's schemas are those of 3.1; the library would bend them to 3.0 and breaks on an
    optional model, so it is told not to.
    """
    add_or_replace_translater("3.0.0", pydantic_schema_to_oas_3_1)
    document: dict[str, Any] = generate_oas(
        [app],
        version_spec=version,
        title_spec="Lianzhen 联诊",
        security={
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "lianzhen"},
        },
    )
    document["openapi"] = "3.1.0"
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe(operation, app[ACCESS].get((method.upper(), path)))
    return document


def _describe(operation: dict[str, Any], access: Access | None) -> None:
    """Say how errors look and what a caller must show."""
    responses = operation.setdefault("responses", {})
    responses.setdefault("default", {"description": "Any other refusal."})
    for status, response in responses.items():
        if status == "default" or status >= "400":
            response["content"] = _PROBLEM
        elif response.get("content") == _NO_MODEL:
            response["content"] = _FILE
    operation["security"] = [] if isinstance(access, Public) else [{"bearer": []}, {"session": []}]


def openapi_routes(*, version: str) -> list[Route]:
    """Return the route of the document."""
    made: dict[str, Any] = {}

    async def get_openapi(request: web.Request) -> web.Response:
        if not made:
            made.update(openapi_document(request.app, version=version))
        return web.json_response(made)

    return [Route("GET", "/api/openapi.json", get_openapi, Public())]
