"""Answers that a client has already (RFC 9110, section 13.1.2)."""

import hashlib
from typing import Annotated, Any

from fastapi import Header, Response

IfNoneMatch = Annotated[str | None, Header(description="The `ETag` of an earlier answer.")]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the answer with this `ETag`."}
}
"""Part of a route's ``responses=``."""


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client has what ``etag`` stands for; weak tags count, too."""
    if if_none_match is None:
        return False
    candidates = [candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")]
    return "*" in candidates or etag in candidates


def tag_of(content: bytes) -> str:
    """The ``ETag`` of an answer that is made anew each time."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def tagged_answer(content: bytes, media_type: str, if_none_match: str | None) -> Response:
    """An answer with its ``ETag``, or 304 if the client has it."""
    headers = {"ETag": tag_of(content), "Cache-Control": "no-cache"}
    if is_known(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
