"""What the event streams of all studies (comparisons, sweeps, trials) share."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.http.feed import PAGE, Source
from api.http.services import Services
from api.http.sse import Followed, refuse_if_over
from normlab.store.studies import events, studies
from normlab.store.studies.tables import StudyEvent


def study_source(study: type[Any], name: str, data: Callable[[StudyEvent], dict[str, Any]]) -> Source:
    """Where the events of one kind of study are read."""

    def after(session: Session, study_id: str, number: int) -> Sequence[StudyEvent]:
        return events.after(session, study, study_id, number, limit=PAGE)

    return Source(study, name, after=after, data=data)


def followed_study(services: Services, study: type[Any], study_id: str, last: int | None) -> Followed:
    """A study that is there, and of which something is left to tell."""
    with services.database.read() as session:
        found = studies.get(session, study, study_id)
        if last is not None and found.state.final:
            refuse_if_over(events.after(session, study, study_id, last, limit=1))
        return Followed(found.id, last)
