"""``/claims/{id}/events``: what happens to a trial, as it happens, as Server-Sent Events."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.claims.documents import event_data
from api.http.parameters import TrialPath
from api.http.services import ServicesDependency
from api.http.sse import NOT_HELD_BACK, EventStream, Followed, LastEventId, stream_answers
from api.http.study_events import followed_study, study_source
from normlab.store import Trial

router = APIRouter(prefix="/claims", tags=["claims"])

_EXAMPLE = """\
event: replicates
data: {"added": 3, "replicates": 3, "jobs_made": 24, "jobs_reused": 0, "at": "2026-11-28T09:10:00.100000Z"}
id: 2

event: job
data: {"arm": "baseline", "setting": {"pointer": "/training/batch_size", "value": 2, "times": false}, "seed": 42, …}
id: 3

"""


TRIALS = study_source(Trial, "trial", event_data)


def followed_trial(
    services: ServicesDependency, trial_id: TrialPath, last_event_id: LastEventId = None
) -> Followed:
    """A trial that is there, and of which something is left to tell."""
    return followed_study(services, Trial, trial_id, last_event_id)


@router.get(
    "/{trial_id}/events",
    summary="Live events of a trial",
    response_class=EventStream,
    responses=stream_answers(_EXAMPLE),
)
async def stream_trial_events(
    services: ServicesDependency, followed: Annotated[Followed, Depends(followed_trial)]
) -> EventStream:
    """All events from the first, then each as it happens: `state`, `replicates`, `job`.

    `replicates`: jobs for further seeds were made. `job`: one has ended; its `setting` is null where its arm is as it
    is. Numbers, resuming and the end are as in the events of a job.
    """
    return EventStream(services.feed.follow(TRIALS, followed.id, followed.after), headers=NOT_HELD_BACK)
