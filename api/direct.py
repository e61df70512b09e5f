"""Routes that read their requests themselves, on the event loop: for calls of which there are thousands a second.

FastAPI's way from a request to a function (dependencies, validation, a thread) takes longer than a small network's
answer. Such a route gets Starlette's request and gives a response; its part of the OpenAPI document, which FastAPI
makes from a function's parameters elsewhere, it carries along.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]
Options = TypeVar("Options", bound=BaseModel)


class DirectRoute(Route):
    """One path and method with its operation in the OpenAPI document; without one it is not documented."""

    def __init__(
        self, path: str, endpoint: Endpoint, *, method: str, operation: dict[str, Any] | None = None
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method = method.lower()
        self.operation = operation


def read_options(request: Request, options: type[Options]) -> Options:
    """The query's parameters; raises FastAPI's own error for them, which becomes 422."""
    if not request.scope["query_string"]:
        return options()
    try:
        return options.model_validate(dict(request.query_params))
    except ValidationError as error:
        found = [{**item, "loc": ("query", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(found) from None


def operation(
    *,
    summary: str,
    description: str,
    tag: str,
    parameters: Sequence[dict[str, Any]] = (),
    body: dict[str, Any] | None = None,
    responses: Mapping[int | str, dict[str, Any]],
) -> dict[str, Any]:
    """An operation of the OpenAPI document."""
    found: dict[str, Any] = {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "parameters": list(parameters),
        "responses": {str(status): answer for status, answer in responses.items()},
    }
    if body is not None:
        found["requestBody"] = body
    return found


def path_parameter(name: str, description: str, example: str, kind: str = "string") -> dict[str, Any]:
    """A part of the path."""
    schema = {"type": kind}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def query_parameters(options: type[BaseModel]) -> list[dict[str, Any]]:
    """What :func:`read_options` reads."""
    schema = options.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.get("$defs", {})
    found = []
    for name, field in schema["properties"].items():
        reference = field.pop("$ref", "").rpartition("/")[2]
        description = field.pop("description", "")
        merged = {**definitions.get(reference, {}), **field}
        merged.pop("title", None)
        found.append({"name": name, "in": "query", "description": description, "schema": merged})
    return found


def schema_of(model: type[BaseModel]) -> dict[str, str]:
    """A reference to a model's schema."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
