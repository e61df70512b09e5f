"""Errors as ``{"error": "…"}``: what the Open Inference Protocol and TensorFlow Serving prescribe."""

from typing import Any

import orjson
from starlette.responses import Response

from api.http.failures import Failure

_JSON = "application/json"

_DESCRIPTIONS = {
    400: "The request is not what the model takes; the sentence says what would be right.",
    404: "There is no such model or version.",
    409: "The job has no network that can answer.",
    410: "The network's file is lost.",
    413: "The body is too large.",
    415: "The body is compressed.",
    500: "Something went wrong inside Normlab.",
    503: "The database or the artifact store does not answer; try again.",
}


def protocol_response(failure: Failure) -> Response:
    """The error answer; these protocols know 400 for all that 422 says."""
    status = 400 if failure.status == 422 else failure.status
    detail = failure.detail
    if len(failure.problems) == 1 and failure.problems[0].pointer:
        detail = str(failure.problems[0])
    content = orjson.dumps({"error": detail})
    return Response(content, status_code=status, media_type=_JSON, headers=dict(failure.headers))


def protocol_error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The part of an operation that describes these errors."""
    schema = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {_JSON: {"schema": schema}}}
        for status in statuses
    }
