"""How far jobs and studies are: all that is read of any number of them to know whether something has happened."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Select, String, case, cast, literal, null, select, type_coerce, union_all
from sqlalchemy.orm import Session

from normlab.documents.states import JobState, StudyState
from normlab.store.jobs.tables import Job
from normlab.store.studies.tables import Study

Kind: TypeAlias = type[Job] | type[Study]
"""A class of rows that have numbered events."""

MOST_IN_A_PART = 1_000
"""So many ids stand in one part of the statement: each is a parameter, of which SQLite takes 32,766."""

_FINAL = {state for state in (*JobState, *StudyState) if state.final}


class Head(NamedTuple):
    """A job or study as it is now."""

    event_count: int
    """The number of its newest event."""
    state: str
    reason: str | None
    """Why it is over."""
    is_final: bool
    """Whether nothing can follow its newest event, as far as is known now."""
    progress: dict[str, Any] | None
    """Of a job that runs."""


def read(session: Session, ids: Mapping[Kind, Collection[str]]) -> dict[str, Head]:
    """The heads of all of them by id, with one statement. What is not there is left out."""
    parts = [_heads(kind, part) for kind, of_kind in ids.items() for part in _parts(sorted(of_kind))]
    if not parts:
        return {}
    rows = session.execute(union_all(*parts) if len(parts) > 1 else parts[0])
    return {
        row.id: Head(row.event_count, row.state, row.reason, row.state in _FINAL, row.progress)
        for row in rows
    }


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(ids), MOST_IN_A_PART):
        yield ids[first : first + MOST_IN_A_PART]


def _heads(kind: Kind, ids: Collection[str]) -> Select[Any]:
    progress: Any = cast(null(), Job.progress.type)
    reason: Any
    if issubclass(kind, Job):
        reason = literal("finished", String)
        progress = case((kind.state == JobState.RUNNING, kind.progress), else_=progress)
    else:
        reason = type_coerce(kind.stop_reason, String)
    columns = (
        kind.id,
        kind.event_count,
        type_coerce(kind.state, String).label("state"),
        reason.label("reason"),
        progress.label("progress"),
    )
    return select(*columns).where(kind.id.in_(ids))
