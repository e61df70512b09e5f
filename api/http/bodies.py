"""Request bodies that routes read themselves, as dependencies."""

import json
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from api.http.failures import invalid_request
from api.http.media_types import JSON
from normlab.errors import Problem
from normlab.json_syntax import syntax_problem
from normlab.repeated_keys import RepeatedKeyError, load_json
from normlab.spec.parse import has_more_values
from normlab.spec.problems import pointer_to, validation_problems

Model = TypeVar("Model", bound=BaseModel)

_QUICK_BYTES = 16 * 1024
"""Of a body that is parsed on the event loop, in less than a millisecond."""
_MAX_VALUES = 50_000
"""In a body; each but the first of a list or object stands behind a comma."""
_MAX_FIELDS = 200
"""More than any of the small bodies has."""


def media_type(request: Request) -> str:
    """The body's media type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request) -> Any:
    """The body as JSON: 415 for another media type, and what :func:`parse_json` refuses."""
    refuse_other_than_json(media_type(request))
    body = await request.body()
    return parse_json(body) if len(body) <= _QUICK_BYTES else await run_in_threadpool(parse_json, body)


async def optional_json_body(request: Request) -> Any:
    """``json_body`` of a request whose body may be left out, as ``{}``."""
    return await json_body(request) if await request.body() else {}


def refuse_other_than_json(kind: str) -> None:
    """415 for a body of another media type."""
    # A browser sends text/plain or a form to any site without asking first; JSON it may not.
    if kind != JSON:
        raise HTTPException(415, "send the body as JSON, with the header Content-Type: application/json")


def parse_json(body: bytes) -> Any:
    """A body as JSON: 400 when it does not parse, 422 when a key stands twice or there are too many values."""
    if sum(map(body.count, (b",", b"{", b"["))) > _MAX_VALUES:
        raise HTTPException(
            422, f"the body has more than {_MAX_VALUES} values: no request here needs so many"
        )
    try:
        # Not orjson: this one reads NaN, so that the spec can point at it and say what would be right.
        return load_json(body)
    except RepeatedKeyError as error:
        raise invalid_body(*error.path, sentence=str(error)) from None
    except json.JSONDecodeError as error:
        raise HTTPException(
            400, f"the body is not valid JSON: it {syntax_problem(error.doc, error)}"
        ) from None
    except RecursionError:
        raise HTTPException(400, "the body is nested too deeply: no request here needs that") from None
    except ValueError:
        raise HTTPException(400, "the body is not valid JSON: it cannot be read") from None


def validated(model: type[Model], body: Any) -> Model:
    """A body as this model; raises FastAPI's own error, which becomes 422."""
    if has_more_values(body, _MAX_FIELDS):
        raise invalid_body(sentence=f"is larger than any body here: it has more than {_MAX_FIELDS} values")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise invalid_request(validation_problems(error.errors(include_url=False), model, body)) from None


def invalid_body(*path: str | int, sentence: str) -> RequestValidationError:
    """The error for a part of a body that is well-formed and cannot be: 422 with a pointer to it."""
    return invalid_request([Problem(pointer_to(path), sentence)])


def described_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The OpenAPI document's part on a JSON body that a route reads with :func:`validated`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {JSON: {"schema": schema}}}}


JsonBody = Annotated[Any, Depends(json_body)]
OptionalJsonBody = Annotated[Any, Depends(optional_json_body)]
