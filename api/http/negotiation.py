"""Which of several media types to answer with (RFC 9110, section 12.5.1)."""

from fastapi import HTTPException, Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header


def preferred_media_type(request: Request, offered: tuple[str, ...]) -> str:
    """The offered type that ``Accept`` ranks highest, the first one among equals; 406 when it takes none.

    A more specific range counts before ``*/*``: ``text/csv;q=0, */*`` takes everything but CSV.
    """
    accept = parse_accept_header(",".join(request.headers.getlist("accept")) or "*/*", MIMEAccept)
    best = accept.best_match(offered)
    if best is None:
        raise HTTPException(406, f"this can be given as {', '.join(offered)}")
    return best
