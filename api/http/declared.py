"""Routes that FastAPI declares and documents, and that the direct lane runs: for calls that are asked all the time.

FastAPI solves dependencies, keeps stacks of what is to be closed, and checks and writes the answer a second time, which
together takes longer than the database. Here the declared parameters are read with FastAPI's own checks, and the
function's ``Answer`` is sent as it is.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar, cast

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, QueryParams

from api.http.fast_lane import Answer, DirectRequest, DirectRoute
from api.http.headers import headers_of
from api.http.services import services_of

Function = TypeVar("Function", bound=Callable[..., Answer])

_RUN_DIRECTLY = "normlab_run_directly"
_THREADS = ThreadPoolExecutor(40, "request")
"""As many as Starlette's, whose own way to a thread takes longer: it can be cancelled, which nobody does here."""


def run_directly(function: Function) -> Function:
    """Mark a route's function for the direct lane. It takes parameters, ``Request`` and ``ServicesDependency``."""
    setattr(function, _RUN_DIRECTLY, True)
    return function


def direct_routes(routers: Sequence[APIRouter]) -> list[DirectRoute]:
    """The marked routes, for the direct lane."""
    return [
        _direct(route)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and hasattr(route.endpoint, _RUN_DIRECTLY)
    ]


def _direct(route: APIRoute) -> DirectRoute:
    read = _Parameters(route.dependant)
    function = cast(Callable[..., Answer], route.endpoint)

    async def endpoint(request: DirectRequest, _body: bytes) -> Answer:
        call = partial(copy_context().run, function, **read(request))
        return await asyncio.get_running_loop().run_in_executor(_THREADS, call)

    methods = sorted(route.methods or ())
    return DirectRoute(route.path, endpoint, method=methods[0])


class _Parameters:
    """Reads what a function is called with."""

    def __init__(self, declared: Dependant) -> None:
        self._services = [inner.name for inner in declared.dependencies if inner.call is services_of]
        others = (declared.body_params, declared.cookie_params, declared.response_param_name)
        if any(others) or len(self._services) < len(declared.dependencies):
            raise TypeError(f"{declared.call} takes what the direct lane does not give")
        self._request = declared.request_param_name
        self._path, self._query, self._headers = (
            declared.path_params,
            {field.alias: field for field in declared.query_params},
            {field.alias.encode(): field for field in declared.header_params},
        )
        optional = [*declared.query_params, *declared.header_params]
        self._defaults = {field.name: field.default for field in optional}

    def __call__(self, request: DirectRequest) -> dict[str, Any]:
        values: dict[str, Any] = dict(self._defaults)
        errors: list[Any] = []

        def read(fields: Sequence[Any], given: Mapping[str, Any]) -> None:
            found, wrong = request_params_to_args(fields, given)
            values.update(found)
            errors.extend(wrong)

        read(self._path, request.path_params)
        if request.scope["query_string"]:
            query = QueryParams(request.scope["query_string"])
            read([field for alias, field in self._query.items() if alias in query], query)
        sent = headers_of(request.scope)
        if headers := [field for name, field in self._headers.items() if name in sent]:
            read(headers, Headers(scope=request.scope))
        if errors:
            raise RequestValidationError(errors)
        if self._request:
            values[self._request] = Request(request.scope)
        for name in self._services:
            values[name or ""] = request.services
        return values
