"""Answers about a comparison that are made once and given again until something has changed."""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

from fastapi import Response

from api.http.etags import is_known
from api.http.services import KeptAnswer, Services
from normlab.store.comparisons.version import Version


class Made(NamedTuple):
    """A new answer."""

    content: str | bytes
    version: Version
    """What it was made of."""
    lasting: bool
    """Whether to keep it."""


def kept_answer(
    services: Services,
    comparison_id: str,
    question: Hashable,
    make: Callable[[], Made],
    *,
    media_type: str,
    if_none_match: str | None,
    headers: Mapping[str, str] | None = None,
    of: Callable[[Version], bytes] = lambda version: version.whole,
) -> Response:
    """The answer to a question about a comparison, or 304 if its ``ETag`` is that of an answer the client has.

    The database is asked each time what the answer depends on, since any process may have changed it. ``of`` is the
    part of that version which this answer tells of.

    Raises:
        NotFoundError: there is no such comparison.
    """
    key = (comparison_id, question)
    kept = services.answers.get(key, of(services.comparisons.version(comparison_id)))
    if kept is None:
        with services.answers.alone(key):  # it may have been made while this thread waited
            kept = services.answers.get(key, of(services.comparisons.version(comparison_id)))
            if kept is None:
                made = make()
                content = made.content.encode() if isinstance(made.content, str) else made.content
                kept = KeptAnswer(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
                if made.lasting:
                    services.answers.keep(key, of(made.version), kept)
    headers = {"ETag": kept.etag, "Cache-Control": "no-cache", **(headers or {})}
    if is_known(kept.etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(kept.content, media_type=media_type, headers=headers)
