"""Requests that create something: the same ``Idempotency-Key`` and body get the first answer again."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy.orm import Session

from normlab.store import Database, idempotency

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="The same key and body get the first answer again."),
]


def create_once(
    database: Database, key: str | None, request: Any, create: Callable[[Session], dict[str, Any]]
) -> dict[str, Any]:
    """The new resource's document, or the one that was answered to this key before. Committed when it returns."""
    with database.write() as session:
        if key is not None:
            answered = idempotency.begin(session, key, _digest(request))
            if answered is not None:
                return answered
        document = create(session)
        if key is not None:
            idempotency.remember(session, key, document)
        return document


def _digest(request: Any) -> str:
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
