"""Errors become answers, each in the form of the protocol that its path belongs to."""

import re

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Scope

from api.http.failures import Failure, failure_of
from api.http.problems import problem_response
from api.http.protocol_errors import protocol_response
from api.http.root_path import route_path
from normlab.errors import NormlabError

ANSWERED = "normlab.answered"
"""In a request's scope: what was raised and has been answered, which Starlette raises again all the same."""

_PROTOCOLS = re.compile(r"/v[12](?:/|$)")


def speaks_a_protocol(path: str) -> bool:
    """Whether others have said what requests to this path, and its answers and errors, look like."""
    return _PROTOCOLS.match(path) is not None


def answer_failure(path: str, failure: Failure) -> Response:
    """A failure as an answer; ``path`` is without the root path."""
    return protocol_response(failure) if speaks_a_protocol(path) else problem_response(failure)


def answer_error(scope: Scope, error: Exception) -> Response:
    """An exception as an answer."""
    if isinstance(error, HTTPException) and error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    return answer_failure(route_path(scope), failure_of(error, scope))


def install(app: FastAPI) -> None:
    """Have FastAPI's routes answer their errors here, too."""
    for kind in (NormlabError, RequestValidationError, HTTPException, SQLAlchemyError, ClientDisconnect):
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(Exception, _unexpected)


async def _expected(request: Request, error: Exception) -> Response:
    return answer_error(request.scope, error)


async def _unexpected(request: Request, error: Exception) -> Response:
    request.scope[ANSWERED].append(error)
    return answer_error(request.scope, error)
