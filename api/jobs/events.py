"""``/jobs/{id}/events``: what happens to a job, as it happens, as Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.http.media_types import EVENTS
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.jobs.documents import event_data
from normlab.store import Event
from normlab.store.jobs import events, jobs
from normlab.store.studies.tables import StudyEvent

router = APIRouter(prefix="/jobs", tags=["jobs"])

POLL_SECONDS = 0.25
"""How soon after its commit an event is sent."""
PAGE = 200

LastEventId = Annotated[
    int | None,
    Header(
        ge=0,
        le=2**31 - 1,
        description="Begin behind this event; browsers send it when they reconnect.",
    ),
]

_EXAMPLE = """\
event: state
data: {"state": "running", "reason": "claimed", "at": "2026-11-22T09:00:00.310000Z", "attempt": 1}
id: 2

event: epoch
data: {"epoch": 1, "loss": 1.2546, "val_accuracy": 0.7282, "at": "2026-11-22T09:00:03.520000Z", "attempt": 1}
id: 9

"""


def existing_job(services: ServicesDependency, job_id: JobPath, last_event_id: LastEventId = None) -> str:
    """The id of a job that is there and of which something is left to tell; a stream that has begun can say neither."""
    with services.database.read() as session:
        job = jobs.get(session, job_id)
        if last_event_id is not None and job.state.final:
            refuse_if_over(events.after(session, job_id, last_event_id, limit=1))
        return job.id


def refuse_if_over(left: Sequence[object]) -> None:
    """204 for who has seen all: after 200 a browser would come again every few seconds for ever."""
    if not left:
        raise HTTPException(204)


@router.get(
    "/{job_id}/events",
    summary="Live events",
    response_class=EventSourceResponse,
    responses={
        200: {"description": "The events.", "content": {EVENTS: {"example": _EXAMPLE}}},
        204: {"description": "It is over, and nothing happened behind `Last-Event-ID`: do not come again."},
        **error_answers(404, 422, 503),
    },
)
async def stream_events(
    services: ServicesDependency,
    job_id: Annotated[str, Depends(existing_job)],
    last_event_id: LastEventId = None,
) -> AsyncIterator[ServerSentEvent]:
    """All events from the first, then each as it happens: `state`, `progress`, `epoch`.

    Each has its number in the database as `id`, so a connection that broke is resumed with `Last-Event-ID`
    and misses nothing. Behind the last event of a job that is over comes `end`, and the stream ends. A
    comment is sent when nothing happens for 15 seconds.
    """

    def read(number: int) -> News:
        return _read(services, job_id, number)

    async for event in follow(services, last_event_id or 0, read):
        yield event


@dataclass(frozen=True)
class News:
    """What came after a number."""

    events: Sequence[tuple[Event | StudyEvent, dict[str, Any]]]
    """Each with what its ``data:`` line holds."""
    end: dict[str, Any] | None
    """What the last event of the stream says, if nothing can follow these."""


async def follow(
    services: Services, number: int, read: Callable[[int], News]
) -> AsyncIterator[ServerSentEvent]:
    """What ``read`` gives behind ``number``, then what comes, until it gives an end."""
    while not services.stopping.is_set():
        news = await run_in_threadpool(read, number)
        for event, data in news.events:
            yield ServerSentEvent(event=event.kind, id=str(event.number), data=data)
            number = event.number
        if not news.events and news.end is not None:
            yield ServerSentEvent(event="end", data=news.end)
            return
        if not news.events:
            await asyncio.sleep(POLL_SECONDS)


def _read(services: Services, job_id: str, number: int) -> News:
    """The state is read first: behind a final one no event can follow that the second query does not see."""
    with services.database.read() as session:
        job = jobs.find(session, job_id)
        if job is None:
            return News((), {"job": job_id, "state": None, "reason": "deleted"})
        found = events.after(session, job_id, number, limit=PAGE)
    end = {"job": job_id, "state": job.state, "reason": "finished"} if job.state.final else None
    return News([(event, event_data(event)) for event in found], end)
