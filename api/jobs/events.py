"""``/jobs/{id}/events``: what happens to a job, as it happens, as Server-Sent Events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.http.parameters import JobPath
from api.http.services import Services, ServicesDependency
from api.http.sse import PAGE, LastEventId, News, follow, refuse_if_over, stream_answers
from api.jobs.documents import event_data
from normlab.store.jobs import events, jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])

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


@router.get(
    "/{job_id}/events",
    summary="Live events",
    response_class=EventSourceResponse,
    responses=stream_answers(_EXAMPLE),
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
    async for event in follow(services, job_id, last_event_id, _read):
        yield event


def _read(services: Services, job_id: str, number: int) -> News:
    """The state is read first: behind a final one no event can follow that the second query does not see."""
    with services.database.read() as session:
        job = jobs.find(session, job_id)
        if job is None:
            return News((), {"job": job_id, "state": None, "reason": "deleted"})
        found = events.after(session, job_id, number, limit=PAGE)
    end = {"job": job_id, "state": job.state, "reason": "finished"} if job.state.final else None
    return News([(event, event_data(event)) for event in found], end)
