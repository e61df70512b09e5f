"""Routes that read their requests themselves, on the event loop: for calls of which there are thousands a second.

FastAPI's way from a request to a function (middleware, dependencies, validation, a thread) takes longer than a small
network's answer. Such a route gets a request that reads what it is asked for and nothing else, and the body, and gives
an answer; its part of the OpenAPI document, which FastAPI makes from a function's parameters elsewhere, it carries
along.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.body_limit import read_body
from api.http.headers import headers_of
from api.http.root_path import route_path
from api.http.services import Services

JSON = b"application/json"

_MAX_REMEMBERED = 1024
_MAX_PATH_CHARACTERS = 256


class DirectRequest:
    """A request to a direct route."""

    __slots__ = ("path_params", "scope", "services")

    def __init__(self, scope: Scope, path_params: Mapping[str, str]) -> None:
        self.scope = scope
        self.path_params = path_params
        self.services: Services = scope["app"].state.services

    def header(self, name: bytes) -> str:
        """A header's first value, empty if it is not there; ``name`` in lower case."""
        return headers_of(self.scope).get(name, b"").decode("latin-1")

    @property
    def media_type(self) -> str:
        """The body's media type without its parameters, in lower case."""
        return _media_type(headers_of(self.scope).get(b"content-type", b""))


@lru_cache
def _media_type(content_type: bytes) -> str:
    return content_type.decode("latin-1").partition(";")[0].strip().lower()


class Answer(NamedTuple):
    """An answer; what went wrong is raised instead, and answered by the guard."""

    content: bytes = b""
    media_type: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200
    then: Callable[[], None] | None = None
    """What is done when it has been sent; it must be quick."""

    async def send(self, send: Send) -> None:
        """Send it, and do what comes behind it."""
        headers = [(b"content-length", b"%d" % len(self.content)), *self.headers]
        if self.media_type:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})
        if self.then is not None:
            self.then()


Endpoint = Callable[[DirectRequest, bytes], Awaitable[Answer]]
Options = TypeVar("Options", bound=BaseModel)


class DirectRoute:
    """One path and method. ``operation`` is its part of the OpenAPI document; None: FastAPI describes it."""

    def __init__(
        self, path: str, endpoint: Endpoint, *, method: str = "POST", operation: dict[str, Any] | None = None
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.method = method
        self.operation = operation
        # No name has a colon; behind one stands what is to be done, as in `/v1/models/{name}:predict`.
        self.match = re.compile(compile_path(path)[0].pattern.replace("[^/]+", "[^/:]+")).match


class DirectLane:
    """ASGI: answers what the direct routes match, and hands everything else on. Errors are the guard's."""

    def __init__(self, routes: Sequence[DirectRoute], otherwise: ASGIApp) -> None:
        self._routes = routes
        self._otherwise = otherwise
        self._remembered: dict[tuple[str, str], tuple[DirectRoute, Mapping[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the route, and answer."""
        matched = self._match(scope["method"], route_path(scope)) if scope["type"] == "http" else None
        if matched is None:
            await self._otherwise(scope, receive, send)
            return
        route, path_params = matched
        request = DirectRequest(scope, path_params)
        answer = await route.endpoint(request, await read_body(receive))
        await answer.send(send)

    def _match(self, method: str, path: str) -> tuple[DirectRoute, Mapping[str, str]] | None:
        matched = self._remembered.get((method, path))
        if matched is not None:
            return matched
        for route in self._routes:
            if route.method == method and (match := route.match(path)):
                matched = route, match.groupdict()
                if len(path) <= _MAX_PATH_CHARACTERS:
                    if len(self._remembered) >= _MAX_REMEMBERED:
                        self._remembered.clear()
                    self._remembered[method, path] = matched
                return matched
        return None


def read_options(request: DirectRequest, options: type[Options]) -> Options:
    """The query's parameters; raises FastAPI's own error for them, which becomes 422."""
    query = request.scope["query_string"]
    if not query:
        defaults: Options = _defaults(options)
        return defaults
    try:
        return options.model_validate(dict(QueryParams(query)))
    except ValidationError as error:
        mistakes = [{**item, "loc": ("query", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(mistakes) from None


@cache
def _defaults(options: type[BaseModel]) -> Any:
    return options()


def operation(
    *,
    summary: str,
    description: str,
    tag: str,
    operation_id: str | None = None,
    parameters: Sequence[dict[str, Any]] = (),
    body: dict[str, Any] | None = None,
    responses: Mapping[int | str, dict[str, Any]],
) -> dict[str, Any]:
    """An operation of the OpenAPI document."""
    document: dict[str, Any] = {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "parameters": list(parameters),
        "responses": {str(status): answer for status, answer in responses.items()},
    }
    if operation_id is not None:
        document["operationId"] = operation_id
    if body is not None:
        document["requestBody"] = body
    return document


def path_parameter(name: str, description: str, example: str, pattern: str) -> dict[str, Any]:
    """A part of the path; whatever does not match ``pattern`` is not there."""
    schema = {"type": "string", "pattern": f"^{pattern}$"}
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
    parameters = []
    for name, field in schema["properties"].items():
        reference = field.pop("$ref", "").rpartition("/")[2]
        description = field.pop("description", "")
        merged = {**definitions.get(reference, {}), **field}
        merged.pop("title", None)
        parameters.append({"name": name, "in": "query", "description": description, "schema": merged})
    return parameters


def schema_of(model: type[BaseModel]) -> dict[str, str]:
    """A reference to a model's schema."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
