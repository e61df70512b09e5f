"""Parameters of the query that a route does not have: refused, since to ignore one does something else than was asked.

One check before both lanes, of what the routes declare; a request without a query costs nothing.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.failures import invalid_request
from api.http.fast_lane import DirectRoute
from api.http.root_path import route_path
from normlab.errors import MAX_PROBLEMS, Problem
from normlab.spec.nearest import nearest
from normlab.spec.shown import listed, short

ELSEWHERE = {
    "dry_run": "validate_only",
    "dryrun": "validate_only",
    "check": "validate_only",
    "status": "state",
    "tags": "tag",
    "page_size": "limit",
    "per_page": "limit",
    "count": "limit",
    "size": "limit",
    "page": "cursor",
    "offset": "cursor",
    "after": "cursor",
    "next": "cursor",
    "page_token": "cursor",
    "order": "sort",
    "order_by": "sort",
    "sort_by": "sort",
    "q": "name",
    "search": "name",
    "ids": "jobs",
    "job": "jobs",
    "k": "top_k",
    "top": "top_k",
    "topk": "top_k",
    "force": "forget_names",
}
"""What others call it → what it is called here, where a route has that."""


@dataclass(frozen=True)
class Declared:
    """What a route declares: its path, its methods, and its query's parameters."""

    match: Callable[[str], re.Match[str] | None]
    methods: frozenset[str]
    parameters: Mapping[str, bool] = field(default_factory=dict)
    """By their names: whether one may come several times."""

    @classmethod
    def of(cls, route: Route | APIRoute | DirectRoute) -> Self:
        """Of any kind of route."""
        if isinstance(route, DirectRoute):
            parameters = (route.operation or {}).get("parameters", ())
            query = {item["name"]: False for item in parameters if item["in"] == "query"}
            return cls(route.match, frozenset({route.method}), query)
        many = {}
        if isinstance(route, APIRoute):
            many = dict(_query_of(route.dependant))
        return cls(compile_path(route.path)[0].match, frozenset(route.methods or ()), many)


def _query_of(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """What a function's parameters, and those of what it depends on, read from the query."""
    for item in dependant.query_params:
        yield item.alias, _is_list(item.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _query_of(inner)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(each) for each in get_args(annotation))


class KnownQueries:
    """ASGI: hands on only requests with no other parameters than their route has."""

    def __init__(self, app: ASGIApp, routes: Sequence[Declared]) -> None:
        self._app = app
        self._routes = routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Check, and hand on."""
        if scope["type"] == "http" and scope["query_string"]:
            self._check(scope)
        return self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        method, path = scope["method"], route_path(scope)
        route = next((each for each in self._routes if method in each.methods and each.match(path)), None)
        if route is None:
            return
        given = Counter(
            name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        )
        problems = [*_problems(given, route.parameters)]
        if problems:
            raise invalid_request(problems[:MAX_PROBLEMS])


def _problems(given: Mapping[str, int], known: Mapping[str, bool]) -> Iterator[Problem]:
    for name, times in given.items():
        if name not in known:
            yield query_problem(name, f"is not known here{_hint(name, known)}")
        elif times > 1 and not known[name]:
            yield query_problem(name, f"came {times} times: send it once")


def refuse_together(request: Request, names: Collection[str], sentence: str) -> None:
    """Refuse parameters that the route has, and that would do nothing in this request."""
    problems = [query_problem(name, sentence) for name in request.query_params if name in names]
    if problems:
        raise invalid_request(problems)


def query_problem(name: str, sentence: str) -> Problem:
    """What is wrong with a parameter of the query; no pointer leads to it."""
    return Problem("", f"query parameter `{short(name)}`: {sentence}")


def _hint(name: str, known: Mapping[str, bool]) -> str:
    if not known:
        return "; this call has none"
    meant = ELSEWHERE.get(name.lower())
    meant = meant if meant in known else nearest(name, known)
    return f": did you mean `{meant}`?" if meant else f"; this call has {listed(known)}"
