"""``/comparisons/{id}/events``: what happens to a comparison, as it happens, as Server-Sent Events."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from api.comparisons.documents import event_data
from api.http.feed import PAGE, Source
from api.http.parameters import ComparisonPath
from api.http.services import ServicesDependency
from api.http.sse import NOT_HELD_BACK, EventStream, Followed, LastEventId, refuse_if_over, stream_answers
from normlab.store import Comparison
from normlab.store.studies import events as study_events
from normlab.store.studies import studies
from normlab.store.studies.tables import StudyEvent

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

_EXAMPLE = """\
event: replicates
data: {"added": 5, "replicates": 5, "seeds": [42, 43, 44, 45, 46], "jobs_made": 10, "jobs_reused": 0, "at": "…"}
id: 2

event: pair
data: {"seed": 42, "complete": true, "failed_arms": [], "at": "2026-11-22T09:10:09.300000Z"}
id: 5

"""


def _after(session: Session, comparison_id: str, number: int) -> Sequence[StudyEvent]:
    return study_events.after(session, Comparison, comparison_id, number, limit=PAGE)


COMPARISONS = Source(Comparison, "comparison", after=_after, data=event_data)


def followed_comparison(
    services: ServicesDependency, comparison_id: ComparisonPath, last_event_id: LastEventId = None
) -> Followed:
    """A comparison that is there, and of which something is left to tell."""
    with services.database.read() as session:
        comparison = studies.get(session, Comparison, comparison_id)
        if last_event_id is not None and comparison.state.final:
            refuse_if_over(study_events.after(session, Comparison, comparison_id, last_event_id, limit=1))
        return Followed(comparison.id, last_event_id)


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
