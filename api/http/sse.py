"""Numbered events as Server-Sent Events (WHATWG HTML, section 9.2): resumable, and with an end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Header, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import ServerSentEvent

from api.http.media_types import EVENTS
from api.http.problems import error_answers
from api.http.services import Services
from normlab.documents.events import EventKind

POLL_SECONDS = 0.25
"""How soon after its commit an event is sent."""
PAGE = 200
"""How many events are read at once."""

LastEventId = Annotated[
    int | None,
    Header(
        ge=0,
        le=2**31 - 1,
        description="Begin behind this event; browsers send it when they reconnect.",
    ),
]


class NumberedEvent(Protocol):
    """An event of a job or a study, as the store has it."""

    @property
    def kind(self) -> EventKind:
        """What it tells."""

    @property
    def number(self) -> int:
        """Counted from 1 without gaps."""


@dataclass(frozen=True)
class News:
    """What came after a number."""

    events: Sequence[tuple[NumberedEvent, dict[str, Any]]]
    """Each with what its ``data:`` line holds."""
    end: dict[str, Any] | None
    """What the last event of the stream says, if nothing can follow these."""


async def follow(
    services: Services, item_id: str, last_event_id: int | None, read: Callable[[Services, str, int], News]
) -> AsyncIterator[ServerSentEvent]:
    """What ``read`` gives of an item behind the number, then what comes, until it gives an end."""
    number = last_event_id or 0
    while not services.stopping.is_set():
        news = await run_in_threadpool(read, services, item_id, number)
        for event, data in news.events:
            yield ServerSentEvent(event=event.kind, id=str(event.number), data=data)
            number = event.number
        if not news.events and news.end is not None:
            yield ServerSentEvent(event="end", data=news.end)
            return
        if not news.events:
            await asyncio.sleep(POLL_SECONDS)


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
