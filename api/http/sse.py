"""Numbered events as Server-Sent Events (WHATWG HTML, section 9.2): resumable, and with an end."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import Header, HTTPException
from fastapi.sse import ServerSentEvent

from api.http.feed import Feed, Source
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


async def follow(
    feed: Feed, source: Source, item_id: str, last_event_id: int | None
) -> AsyncIterator[ServerSentEvent]:
    """The item's events behind the number, then each as it comes, until nothing can follow or the process ends.

    Progress, which has no number, is told when nothing else is left to tell, and only the newest.
    """
    number, told = last_event_id or 0, None
    with feed.following(source, item_id) as item:
        while not feed.stopped:
            if item.error is not None:
                raise RuntimeError(f"the events of {item_id} could not be read") from item.error
            head = item.head
            if head is not None and number < head.event_count:
                page = await feed.page(item, number)
                if page is not None:
                    for message in page.messages:
                        yield message
                    number = page.known
            elif head is None or head.is_final:
                state, reason = (None, "deleted") if head is None else (head.state, head.reason)
                yield ServerSentEvent(
                    event=EventKind.END, data={source.noun: item_id, "state": state, "reason": reason}
                )
                return
            elif head.progress not in (None, told):
                told = head.progress
                yield ServerSentEvent(event=EventKind.PROGRESS, data=told)
            else:
                await item.changed.wait()


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
