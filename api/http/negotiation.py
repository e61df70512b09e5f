"""Which of several media types to answer with (RFC 9110, section 12.5.1)."""

from functools import lru_cache

from fastapi import HTTPException, Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header


def preferred_media_type(request: Request, offered: tuple[str, ...]) -> str:
    """The offered type that ``Accept`` ranks highest, the first one among equals; 406 when it takes none.

    A more specific range counts before ``*/*``: ``text/csv;q=0, */*`` takes everything but CSV.
    """
    best = _best(",".join(request.headers.getlist("accept")) or "*/*", offered)
    if best is None:
        raise HTTPException(406, f"this can be given as {', '.join(offered)}")
    return best


@lru_cache
def _best(accept: str, offered: tuple[str, ...]) -> str | None:
    return parse_accept_header(accept, MIMEAccept).best_match(offered)
