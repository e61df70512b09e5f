"""Answers that a client has already (RFC 9110, section 13.1.2)."""

from typing import Annotated, Any

from fastapi import Header

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
