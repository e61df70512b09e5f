"""``/jobs/{id}/events``: what happens to a job, as it happens, as Server-Sent Events."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from api.http.feed import PAGE, Source
from api.http.parameters import JobPath
from api.http.services import ServicesDependency
from api.http.sse import NOT_HELD_BACK, EventStream, Followed, LastEventId, refuse_if_over, stream_answers
from api.jobs.documents import event_data
from normlab.store import Event, Job
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


def _after(session: Session, job_id: str, number: int) -> Sequence[Event]:
    return events.after(session, job_id, number, limit=PAGE)


JOBS = Source(Job, "job", after=_after, data=event_data)


def followed_job(
    services: ServicesDependency, job_id: JobPath, last_event_id: LastEventId = None
) -> Followed:
    """A job that is there and of which something is left to tell; a stream that has begun can say neither."""
    with services.database.read() as session:
        job = jobs.get(session, job_id)
        if last_event_id is not None and job.state.final:
            refuse_if_over(events.after(session, job_id, last_event_id, limit=1))
        return Followed(job.id, last_event_id)


@router.get(
    "/{job_id}/events",
    summary="Live events",
    response_class=EventStream,
    responses=stream_answers(_EXAMPLE),
)
async def stream_events(
    services: ServicesDependency, followed: Annotated[Followed, Depends(followed_job)]
) -> EventStream:
    """All events from the first, then each as it happens: `state`, `epoch`, `measured`, `warning`; and `progress`.

    Each but `progress` has its number in the database as `id`, so a connection that broke is resumed with
    `Last-Event-ID` and misses nothing. `progress` is where a running job is now; what it was before is not kept.
    `measured` says up to where there are measurements, whose numbers are in `/jobs/{id}/probes`; a newer one takes its
    place.
    Behind the last event of a job that is over comes `end`, and the stream ends. A comment is sent when nothing
    happens for 15 seconds.
    """
    return EventStream(services.feed.follow(JOBS, followed.id, followed.after), headers=NOT_HELD_BACK)
