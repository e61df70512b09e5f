"""Answers about a comparison that are made once and given again until something has changed."""

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

from fastapi import Response

from api.http import kept
from api.http.services import Services
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

    ``of`` is the part of a comparison's version which this answer tells of.

    Raises:
        NotFoundError: there is no such comparison.
    """

    def made() -> kept.Made:
        new = make()
        return kept.Made(new.content, of(new.version), new.lasting)

    return kept.kept_answer(
        services,
        (comparison_id, question),
        lambda: of(services.comparisons.version(comparison_id)),
        made,
        media_type=media_type,
        if_none_match=if_none_match,
        headers=headers,
    )
