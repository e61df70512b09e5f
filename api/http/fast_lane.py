"""Routes that read their requests themselves, on the event loop: for calls of which there are thousands a second.

FastAPI's way from a request to a function (middleware, dependencies, validation, a thread) takes longer than a small
network's answer. Such a route gets a request that reads what it is asked for and nothing else, and the body, and gives
an answer; its part of the OpenAPI document, which FastAPI makes from a function's parameters elsewhere, it carries
along.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette._utils import get_route_path
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.body_limit import header, read_body
from api.http.services import Services
from normlab.errors import NormlabError

JSON = b"application/json"

_ERROR = "normlab.direct_error"
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
        return header(self.scope, name).decode("latin-1")

    @property
    def media_type(self) -> str:
        """The body's media type without its parameters, in lower case."""
        return self.header(b"content-type").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a request that went well."""

    content: bytes = b""
    media_type: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [(b"content-length", b"%d" % len(self.content)), *self.headers]
        if self.media_type:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})


Endpoint = Callable[[DirectRequest, bytes], Awaitable[Answer]]
ErrorAnswer = Callable[[Exception], Response]
Options = TypeVar("Options", bound=BaseModel)


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

    ``guard`` is what stands around FastAPI's routes and makes answers of the errors that they raise; here it is met
    only by a request that raises one.
    """

    def __init__(
        self, routes: Sequence[DirectRoute], otherwise: ASGIApp, guard: Callable[[ASGIApp], ASGIApp]
    ) -> None:
        self._routes = routes
        self._otherwise = otherwise
        self._guarded = guard(_raise)
        self._remembered: dict[tuple[str, str], tuple[DirectRoute, Mapping[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the route, and answer."""
        found = self._find(scope["method"], get_route_path(scope)) if scope["type"] == "http" else None
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        route, path_params = found
        try:
            request = DirectRequest(scope, path_params)
            body = await read_body(scope, receive, request.services.settings.max_body_bytes)
            answer = await route.endpoint(request, body)
        except ClientDisconnect:
            return
        except Exception as error:  # the guard's handlers tell them apart
            await self._answer_error(route, error, scope, receive, send)
        else:
            await answer.send(send)

    def _find(self, method: str, path: str) -> tuple[DirectRoute, Mapping[str, str]] | None:
        found = self._remembered.get((method, path))
        if found is not None:
            return found
        for route in self._routes:
            if route.method == method and (match := route.match(path)):
                found = route, match.groupdict()
                if len(path) <= _MAX_PATH_CHARACTERS:
                    if len(self._remembered) >= _MAX_REMEMBERED:
                        self._remembered.clear()
                    self._remembered[method, path] = found
                return found
        return None

    async def _answer_error(
        self, route: DirectRoute, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        expected = isinstance(error, NormlabError | HTTPException | RequestValidationError)
        if route.error_answer is not None and expected:
            try:
                response = route.error_answer(error)
            except Exception as own:
                error = own
            else:
                await response(scope, receive, send)
                return
        scope[_ERROR] = error
        await self._guarded(scope, receive, send)


async def _raise(scope: Scope, _receive: Receive, _send: Send) -> None:
    error: Exception = scope[_ERROR]
    raise error


def read_options(request: DirectRequest, options: type[Options]) -> Options:
    """The query's parameters; raises FastAPI's own error for them, which becomes 422."""
    query = request.scope["query_string"]
    if not query:
        defaults: Options = _defaults(options)
        return defaults
    try:
        return options.model_validate(dict(QueryParams(query)))
    except ValidationError as error:
        found = [{**item, "loc": ("query", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(found) from None


@cache
def _defaults(options: type[BaseModel]) -> Any:
    return options()


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
