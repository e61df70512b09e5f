"""Every error as RFC 9457 ``application/problem+json``; none shows a stack trace or a path."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from normlab import errors
from normlab.store import is_unavailable

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)

_STATUS: dict[type[errors.NormlabError], HTTPStatus] = {
    errors.SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InstancesError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.StateError: HTTPStatus.CONFLICT,
}

_CODES: dict[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    503: "unavailable",
}
"""The ``code`` of errors that come from HTTP itself and not from one of Normlab's own exceptions."""


class ProblemItem(BaseModel):
    """One thing that is wrong with the request."""

    pointer: str = Field(
        description="JSON pointer (RFC 6901) into the body; empty for the body as a whole or a parameter."
    )
    detail: str = Field(description="What would be right.")


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always `about:blank`: `code` tells errors apart.")
    title: str = Field(description="The HTTP status in words.")
    status: int
    detail: str = Field(description="What happened, in a sentence.")
    code: str = Field(description="A short name that stays the same; for programs.")
    errors: list[ProblemItem] = Field(
        default=[], description="What is wrong with the request, piece by piece."
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "/training/epochs: must be at least 1",
                    "code": "invalid_spec",
                    "errors": [{"pointer": "/training/epochs", "detail": "must be at least 1"}],
                }
            ]
        }
    )


def problem_response(
    status: int,
    detail: str,
    *,
    code: str,
    problems: Sequence[errors.Problem] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The error answer."""
    document = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[ProblemItem(pointer=problem.pointer, detail=problem.detail) for problem in problems],
    )
    return Response(document.model_dump_json(), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route that can answer with these errors."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


_DESCRIPTIONS: dict[int, str] = {
    400: "The body is not JSON.",
    404: "There is no such thing.",
    406: "None of the accepted media types can be given.",
    409: "The state it is in forbids it.",
    413: "The body is too large.",
    415: "The body's media type is not understood.",
    422: "The request does not validate; `errors` says where and what would be right.",
    503: "The database does not answer; try again.",
}


def install(app: FastAPI) -> None:
    """Make all errors of the app problem documents."""
    app.add_exception_handler(errors.NormlabError, _normlab_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(Exception, _unexpected_error)


async def _normlab_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.NormlabError)  # noqa: S101 - Starlette's type of a handler is wider than its use
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            problems: Sequence[errors.Problem] = ()
            if isinstance(error, errors.SpecError):
                problems = error.problems
            elif isinstance(error, errors.InstancesError):
                problems = (error.problem,)
            return problem_response(status, str(error), code=error.code, problems=problems)
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _internal_error(error.code)


async def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    problems = [
        errors.Problem("", f"{place} parameter `{'.'.join(map(str, path))}`: {item['msg']}")
        for item in error.errors()
        for place, *path in [item["loc"]]
    ]
    return problem_response(
        422, "; ".join(problem.detail for problem in problems), code=_CODES[422], problems=problems
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:
        if error.status_code == 404:
            detail = f"there is nothing at {request.url.path}; GET / lists what there is"
        elif error.status_code == 405:
            detail = f"{request.method} is not possible at {request.url.path}"
    code = _CODES.get(error.status_code, "http_error")
    return problem_response(error.status_code, detail, code=code, headers=dict(error.headers or {}))


async def _database_error(request: Request, error: Exception) -> Response:
    _log.error("%s %s: the database failed", request.method, request.url.path, exc_info=error)
    if is_unavailable(error):
        detail = "the database does not answer; try again"
        return problem_response(503, detail, code="database_unavailable", headers={"Retry-After": "2"})
    return _internal_error()


async def _unexpected_error(_request: Request, _error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs it with its trace.
    return _internal_error()


def _internal_error(code: str = "internal") -> Response:
    return problem_response(500, "something went wrong inside Normlab; its log says what", code=code)
