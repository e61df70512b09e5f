"""``/comparisons/{id}/events``: what happens to a comparison, as it happens, as Server-Sent Events."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.comparisons.documents import event_data
from api.http.parameters import ComparisonPath
from api.http.services import ServicesDependency
from api.http.sse import NOT_HELD_BACK, EventStream, Followed, LastEventId, stream_answers
from api.http.study_events import followed_study, study_source
from normlab.store import Comparison

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

_EXAMPLE = """\
event: replicates
data: {"added": 5, "replicates": 5, "seeds": [42, 43, 44, 45, 46], "jobs_made": 10, "jobs_reused": 0, "at": "…"}
id: 2

event: pair
data: {"seed": 42, "complete": true, "failed_arms": [], "at": "2026-11-22T09:10:09.300000Z"}
id: 5

"""


COMPARISONS = study_source(Comparison, "comparison", event_data)


def followed_comparison(
    services: ServicesDependency, comparison_id: ComparisonPath, last_event_id: LastEventId = None
) -> Followed:
    """A comparison that is there, and of which something is left to tell."""
    return followed_study(services, Comparison, comparison_id, last_event_id)


@router.get(
    "/{comparison_id}/events",
    summary="Live events of a comparison",
    response_class=EventStream,
    responses=stream_answers(_EXAMPLE),
)
async def stream_comparison_events(
    services: ServicesDependency, followed: Annotated[Followed, Depends(followed_comparison)]
) -> EventStream:
    """All events from the first, then each as it happens: `state`, `replicates`, `job`, `pair`.

    `replicates`: jobs for further seeds were made. `job`: one has ended. `pair`: all jobs of a seed have. Numbers,
    resuming and the end are as in the events of a job; each job has its own events, too.
    """
    return EventStream(services.feed.follow(COMPARISONS, followed.id, followed.after), headers=NOT_HELD_BACK)
