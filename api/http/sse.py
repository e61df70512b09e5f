"""Numbered events as Server-Sent Events (WHATWG HTML, section 9.2): resumable, and with an end."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import Header, HTTPException
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse

from api.http.media_types import EVENTS
from api.http.problems import error_answers
from normlab.documents.events import EventKind

LastEventId = Annotated[
    int | None,
    Header(
        ge=0,
        le=2**31 - 1,
        description="Begin behind this event; browsers send it when they reconnect.",
    ),
]


class Followed(NamedTuple):
    """What a stream tells of, which is there, and behind which event it begins."""

    id: str
    after: int | None


NOT_HELD_BACK = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""A stream's headers, for caches and for nginx."""
PING = b": ping\n\n"
"""A comment, which nobody reads: it tells proxies and the reader that the connection is alive."""
PING_SECONDS = 15.0
"""It is sent when nothing else was for so long, as the HTML standard recommends."""


class EventStream(StreamingResponse):
    """An answer that tells events as they come.

    Not FastAPI's, which needs two more tasks and two queues for each stream.
    """

    media_type = EVENTS


def message(kind: EventKind, data: Mapping[str, Any], number: int | None = None) -> bytes:
    """An event as it is sent."""
    return format_sse_event(event=kind, data_str=json.dumps(data), id=None if number is None else str(number))


def refuse_if_over(left: Sequence[object]) -> None:
    """204 for who has seen all: after 200 a browser would come again every few seconds for ever."""
    if not left:
        raise HTTPException(204)


def stream_answers(example: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route that streams events."""
    return {
        200: {"description": "The events.", "content": {EVENTS: {"example": example}}},
        204: {"description": "It is over, and nothing happened behind `Last-Event-ID`: do not come again."},
        **error_answers(404, 422, 503),
    }
