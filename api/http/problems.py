"""Every error as RFC 9457 ``application/problem+json``; none shows a stack trace or a path."""

from http import HTTPStatus
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.failures import Failure

MEDIA_TYPE = "application/problem+json"


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


def problem_response(failure: Failure) -> Response:
    """The error answer."""
    document = Problem(
        title=HTTPStatus(failure.status).phrase,
        status=failure.status,
        detail=failure.detail,
        code=failure.code,
        errors=[ProblemItem(pointer=problem.pointer, detail=problem.detail) for problem in failure.problems],
    )
    return Response(
        document.model_dump_json(),
        status_code=failure.status,
        media_type=MEDIA_TYPE,
        headers=dict(failure.headers),
    )


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
    410: "The file is lost: it is not in the artifact store any more.",
    413: "The body is too large.",
    415: "The body's media type is not understood.",
    422: "The request does not validate; `errors` says where and what would be right.",
    503: "The database does not answer; try again.",
    507: "There is no room left for it.",
}
