"""``/sweeps/{id}/events``: what happens to a sweep, as it happens, as Server-Sent Events."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.http.parameters import SweepPath
from api.http.services import ServicesDependency
from api.http.sse import NOT_HELD_BACK, EventStream, Followed, LastEventId, stream_answers
from api.http.study_events import followed_study, study_source
from api.sweeps.documents import event_data
from normlab.store import Sweep

router = APIRouter(prefix="/sweeps", tags=["sweeps"])

_EXAMPLE = """\
event: points
data: {"round": 0, "added": 7, "jobs_made": 21, "jobs_reused": 0, "at": "…"}
id: 2

event: point
data: {"arm": "baseline", "point": 3, "round": 0, "complete": true, "failed_jobs": 0, "at": "…"}
id: 6

"""


SWEEPS = study_source(Sweep, "sweep", event_data)


def followed_sweep(
    services: ServicesDependency, sweep_id: SweepPath, last_event_id: LastEventId = None
) -> Followed:
    """A sweep that is there, and of which something is left to tell."""
    return followed_study(services, Sweep, sweep_id, last_event_id)


@router.get(
    "/{sweep_id}/events",
    summary="Live events of a sweep",
    response_class=EventStream,
    responses=stream_answers(_EXAMPLE),
)
async def stream_sweep_events(
    services: ServicesDependency, followed: Annotated[Followed, Depends(followed_sweep)]
) -> EventStream:
    """All events from the first, then each as it happens: `state`, `points`, `job`, `point`.

    `points`: jobs for further points were made; with `widened`, since the best point lay at an end of the space. `job`:
    one has ended. `point`: all jobs of a point have. Numbers, resuming and the end are as in the events of a job; each
    job has its own events, too.
    """
    return EventStream(services.feed.follow(SWEEPS, followed.id, followed.after), headers=NOT_HELD_BACK)
