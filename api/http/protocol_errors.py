"""Errors as ``{"error": "…"}``: what the Open Inference Protocol and TensorFlow Serving prescribe."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from normlab.errors import InstancesError, NotFoundError, StateError

_JSON = "application/json"
_STATUS = {InstancesError: 400, NotFoundError: 404, StateError: 409}

_DESCRIPTIONS = {
    400: "The request is not what the model takes; the sentence says what would be right.",
    404: "There is no such model or version.",
    409: "The job has no network that can answer.",
    413: "The body is too large.",
    415: "The body is compressed.",
    503: "The database does not answer; try again.",
}


def plain_error(error: Exception) -> Response:
    """The answer of an error that was raised on purpose."""
    headers = None
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, error.detail, error.headers
    else:
        status, detail = _STATUS.get(type(error), 500), str(error)
    if isinstance(error, InstancesError) and error.problem.pointer:
        detail = f"{error.problem.pointer}: {detail}"
    if status == 500:
        raise error
    content = orjson.dumps({"error": detail})
    return Response(content, status_code=status, media_type=_JSON, headers=headers)


def plain_error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The part of an operation that describes these errors."""
    schema = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {_JSON: {"schema": schema}}}
        for status in statuses
    }
