"""What an exception means to whoever sent the request: a status, a code, a sentence.

:mod:`.problems` and :mod:`.protocol_errors` write it down, each in its own form.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from api.http.headers import request_id
from api.http.root_path import route_path
from normlab import errors
from normlab.disk_full import is_disk_full
from normlab.spec.problems import validation_problems
from normlab.store import why_unavailable

_log = logging.getLogger(__name__)

_STATUS: dict[type[errors.NormlabError], HTTPStatus] = {
    errors.SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InstancesError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.StateError: HTTPStatus.CONFLICT,
    errors.LostArtifactError: HTTPStatus.GONE,
    errors.ArtifactStoreError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_CODES: dict[int, str] = {
    400: "bad_request",
    403: "cross_site",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
    421: "unknown_host",
    422: "invalid_request",
    431: "headers_too_large",
    503: "unavailable",
    507: "disk_full",
}
"""The ``code`` of errors that come from HTTP itself and not from one of Normlab's own exceptions."""


@dataclass(frozen=True)
class Failure:
    """Why a request was not done."""

    status: int
    detail: str
    code: str
    problems: Sequence[errors.Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def http_failure(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Failure:
    """A failure that HTTP has a status for."""
    return Failure(status, detail, _CODES.get(status, "http_error"), headers=headers or {})


def invalid_request(problems: Sequence[errors.Problem]) -> RequestValidationError:
    """The error for a request that is well-formed and cannot be: 422, with what is wrong piece by piece."""
    return RequestValidationError([{"problem": problem} for problem in problems])


def failure_of(error: Exception, scope: Scope) -> Failure:
    """What to answer. What was not foreseen goes into the log, with its trace and the request's id."""
    if isinstance(error, HTTPException):
        return _http_error(error, scope)
    if isinstance(error, RequestValidationError):
        return _invalid_request(error)
    if isinstance(error, ClientDisconnect):
        return http_failure(400, "the request broke off")
    if (why := why_unavailable(error)) is not None:
        _log_failure(error, scope)
        return Failure(503, f"{why}; try again", "database_unavailable", headers={"Retry-After": "2"})
    if isinstance(error, errors.NormlabError):
        return _normlab_error(error, scope)
    _log_failure(error, scope)
    if isinstance(error, OSError) and is_disk_full(error):
        return http_failure(507, "there is no room left for it: free some space, or send less")
    return _internal("internal")


def _normlab_error(error: errors.NormlabError, scope: Scope) -> Failure:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), None)
    if status == HTTPStatus.GONE:
        # No trace: whoever asks whether the model is ready asks again and again.
        _log.warning("%s %s: %s (request %s)", scope["method"], scope["path"], error, request_id(scope))
    elif status is None or status >= 500:
        _log_failure(error, scope)
    if isinstance(error, errors.ArtifactError):
        # A cache may keep a 410; a file can be put back.
        return Failure(status or 500, str(error), error.code, headers={"Cache-Control": "no-store"})
    if status is None:
        return _internal(error.code)
    problems: Sequence[errors.Problem] = ()
    if isinstance(error, errors.SpecError):
        problems = error.problems
    elif isinstance(error, errors.InstancesError):
        problems = (error.problem,)
    return Failure(status, str(error), error.code, problems)


def _http_error(error: HTTPException, scope: Scope) -> Failure:
    headers = dict(error.headers or {})
    if error.detail != HTTPStatus(error.status_code).phrase or error.status_code not in (404, 405):
        return http_failure(error.status_code, error.detail, headers)
    path = route_path(scope)
    # The router knows only of the first route that a path fits; its 405 names that one's method alone.
    allowed: Sequence[str] = scope["app"].allowed_methods(path)
    if allowed and scope["method"] not in allowed:
        allow = ", ".join(allowed)
        detail = f"{scope['method']} is not possible at {path}; possible is {allow}"
        return http_failure(405, detail, {"Allow": allow})
    if (without := path.rstrip("/")) and scope["app"].allowed_methods(without):
        return http_failure(404, f"there is nothing at {path}: leave out the slash at its end")
    return http_failure(404, f"there is nothing at {path}; GET / lists what there is")


def _invalid_request(error: RequestValidationError) -> Failure:
    mistakes: Sequence[Any] = error.errors()
    problems = [_request_problem(detail) for detail in mistakes[: errors.MAX_PROBLEMS]]
    sentences = [str(problem) if problem.pointer else problem.detail for problem in problems]
    detail = errors.sentence_of(sentences, len(mistakes) - len(problems))
    return Failure(422, detail, _CODES[422], problems)


def _request_problem(detail: Any) -> errors.Problem:
    """One of FastAPI's findings about a parameter, or one of ours about a body."""
    if "problem" in detail:
        problem: errors.Problem = detail["problem"]
        return problem
    place, name, *inside = detail["loc"]
    mistake: Any = {**detail, "loc": (name, *inside)}
    (problem,) = validation_problems([mistake])
    return errors.Problem("", f"{place} parameter `{name}`: {problem.detail}")


def _internal(code: str) -> Failure:
    return Failure(500, "something went wrong inside Normlab; its log says what", code)


def _log_failure(error: Exception, scope: Scope) -> None:
    _log.error("%s %s failed (request %s)", scope["method"], scope["path"], request_id(scope), exc_info=error)
