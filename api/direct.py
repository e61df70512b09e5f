"""Routes that read their requests themselves, on the event loop: for calls of which there are thousands a second.

FastAPI's way from a request to a function (middleware, dependencies, validation, a thread) takes longer than a small
network's answer. Such a route gets Starlette's request and the body, and gives a response; its part of the OpenAPI
document, which FastAPI makes from a function's parameters elsewhere, it carries along.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.limits import read_body
from normlab.errors import NormlabError

Endpoint = Callable[[Request, bytes], Awaitable[Response]]
ErrorAnswer = Callable[[Exception], Response]
Options = TypeVar("Options", bound=BaseModel)

_ROUTE = "normlab.direct_route"


class DirectRoute:
    """One path and method.

    ``operation`` is its part of the OpenAPI document; ``error_answer`` makes the answer of an error that is raised
    on purpose, where a protocol wants it in another form than a problem document.
    """

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        method: str = "POST",
        operation: dict[str, Any],
        error_answer: ErrorAnswer | None = None,
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.method = method
        self.operation = operation
        self.error_answer = error_answer
        self.match = compile_path(path)[0].match


class DirectLane:
    """ASGI: answers what the direct routes match, and hands everything else on.

    ``guard`` is what stands around the routes: it makes answers of the errors that they raise.
    """

    def __init__(
        self, routes: Sequence[DirectRoute], otherwise: ASGIApp, guard: Callable[[ASGIApp], ASGIApp]
    ) -> None:
        self._routes = routes
        self._otherwise = otherwise
        self._guarded = guard(_answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the route."""
        if scope["type"] == "http":
            method, path = scope["method"], get_route_path(scope)
            for route in self._routes:
                if route.method == method and (match := route.match(path)):
                    scope["path_params"] = match.groupdict()
                    scope[_ROUTE] = route
                    await self._guarded(scope, receive, send)
                    return
        await self._otherwise(scope, receive, send)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    route: DirectRoute = scope[_ROUTE]
    request = Request(scope, receive)
    try:
        body = await read_body(request, scope["app"].state.services.settings.max_body_bytes)
        response = await route.endpoint(request, body)
    except (NormlabError, HTTPException, RequestValidationError) as error:
        if route.error_answer is None:
            raise
        response = route.error_answer(error)
    await response(scope, receive, send)


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
