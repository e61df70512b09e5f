"""Request bodies that routes read themselves, as dependencies."""

import json
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def media_type(request: Request) -> str:
    """The body's media type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def raw_body(request: Request) -> bytes:
    """The whole body."""
    return await request.body()


async def json_body(request: Request) -> Any:
    """The body as JSON: 415 for another media type, 400 when it does not parse."""
    # A browser sends text/plain or a form to any site without asking first; JSON it may not.
    if media_type(request) != "application/json":
        raise HTTPException(415, "send the body as JSON, with the header Content-Type: application/json")
    try:
        # Not orjson: this one reads NaN, so that the spec can point at it and say what would be right.
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise HTTPException(400, f"the body is not valid JSON: {what}") from None


def validated(model: type[Model], body: Any) -> Model:
    """A body as this model; raises FastAPI's own error, which becomes 422."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(
            [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        ) from None


def described_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI document's part on a JSON body that a route reads with :func:`validated`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


JsonBody = Annotated[Any, Depends(json_body)]
RawBody = Annotated[bytes, Depends(raw_body)]
