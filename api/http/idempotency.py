"""Requests that create something: the same ``Idempotency-Key`` and body get the first answer again.

FastAPI's routes take ``IdempotencyKey`` and call :func:`create_once`; a direct route calls :func:`read_key`.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from api.http.fast_lane import DirectRequest
from api.http.headers import headers_of
from normlab.store import Database, idempotency

_NAME = "idempotency-key"
_DESCRIPTION = "The same key and body get the first answer again."
_Key = Annotated[str, Field(min_length=1, max_length=255)]
_KEY: TypeAdapter[str] = TypeAdapter(_Key)

IdempotencyKey = Annotated[_Key | None, Header(description=_DESCRIPTION)]

KEY_PARAMETER: dict[str, Any] = {
    "name": _NAME,
    "in": "header",
    "description": _DESCRIPTION,
    "schema": _KEY.json_schema(),
}
"""A direct route's part of the OpenAPI document on the header."""


def read_key(request: DirectRequest) -> str | None:
    """The header of a request on the direct lane; raises FastAPI's own error for it, which becomes 422."""
    given = headers_of(request.scope).get(_NAME.encode())
    if given is None:
        return None
    try:
        return _KEY.validate_python(given.decode("latin-1"))
    except ValidationError as error:
        mistakes = [{**item, "loc": ("header", _NAME)} for item in error.errors()]
        raise RequestValidationError(mistakes) from None


def create_once(
    database: Database, key: str | None, request: Any, create: Callable[[Session], dict[str, Any]]
) -> dict[str, Any]:
    """The new resource's document, or the one that was answered to this key before. Committed when it returns."""
    with database.write() as session:
        if key is not None:
            answered = idempotency.begin(session, key, digest_of(request))
            if answered is not None:
                return answered
        document = create(session)
        if key is not None:
            idempotency.remember(session, key, document)
        return document


def digest_of(request: Any) -> str:
    """What tells two requests with one key apart."""
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
