"""Answers that are made once and given again until something has changed."""

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

from fastapi import Response

from api.http.etags import is_known, tag_of
from api.http.services import KeptAnswer, Services


class Made(NamedTuple):
    """A new answer."""

    content: str | bytes
    version: Hashable
    """Of what it was made of."""
    lasting: bool = True
    """Whether to keep it."""


def kept_answer(
    services: Services,
    key: Hashable,
    version: Callable[[], Hashable],
    make: Callable[[], Made],
    *,
    media_type: str,
    if_none_match: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a question, or 304 if its ``ETag`` is that of an answer the client has.

    The database is asked each time for the ``version`` of what the answer depends on, since any process may have
    changed it.
    """
    kept = services.answers.get(key, version())
    if kept is None:
        with services.answers.alone(key):  # it may have been made while this thread waited
            kept = services.answers.get(key, version())
            if kept is None:
                made = make()
                content = made.content.encode() if isinstance(made.content, str) else made.content
                kept = KeptAnswer(content, tag_of(content))
                if made.lasting:
                    services.answers.keep(key, made.version, kept)
    headers = {"ETag": kept.etag, "Cache-Control": "no-cache", **(headers or {})}
    if is_known(kept.etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(kept.content, media_type=media_type, headers=headers)
