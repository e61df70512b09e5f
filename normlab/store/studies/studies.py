"""Studies as their owners see them: look up, list, cancel. Deleting is in ``store/deletion.py``.

Whoever changes a study has locked its row first, and whoever locks jobs as well locks them afterwards.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState, StudyStopReason
from normlab.errors import NotFoundError, StateError
from normlab.store.base import table_of
from normlab.store.clock import database_now
from normlab.store.index_walks import (
    PartShape,
    Walk,
    behind,
    merged,
    part_arms,
    part_parameters,
    part_shape,
    tightened,
)
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job
from normlab.store.prepared import Prepared
from normlab.store.studies import events
from normlab.store.studies.tables import Study
from normlab.store.studies.usage import own_jobs

AnyStudy = TypeVar("AnyStudy", bound=Study)

FINAL_JOB_STATES = [state for state in JobState if state.final]


@dataclass(frozen=True)
class StudyPage(Generic[AnyStudy]):
    """Some studies, newest first; ``next_cursor`` is None on the last page."""

    studies: Sequence[AnyStudy]
    next_cursor: str | None


def find(session: Session, kind: type[AnyStudy], study_id: str) -> AnyStudy | None:
    """The study, or None."""
    return session.get(kind, study_id)


def get(session: Session, kind: type[AnyStudy], study_id: str) -> AnyStudy:
    """The study.

    Raises:
        NotFoundError: there is none.
    """
    study = find(session, kind, study_id)
    if study is None:
        raise NotFoundError(f"there is no {kind.noun} {study_id}")
    return study


def page(
    session: Session,
    kind: type[AnyStudy],
    *,
    states: Collection[StudyState] = (),
    name: str | None = None,
    id_part: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> StudyPage[AnyStudy]:
    """A page of studies, newest first. ``cursor`` is the ``next_cursor`` of the page before."""
    shape = None if id_part is None else part_shape(kind.id_prefix, id_part)
    parameters = {} if id_part is None else part_parameters(kind.id_prefix, id_part)
    if id_part is not None and cursor is not None:
        parameters = tightened(parameters, cursor, newest=True)
    wanted = tuple(state for state in StudyState if state in states)
    statement = list_statement(kind, wanted or None, shape, by_name=name is not None, begins=cursor is None)
    found = statement.rows(session, **parameters, name=name, cursor=cursor, limit=limit + 1)
    ids = [study_id for (study_id,) in found]
    studies = session.scalars(select(kind).where(kind.id.in_(ids[:limit])).order_by(kind.id.desc())).all()
    return StudyPage(studies, ids[limit - 1] if len(ids) > limit else None)


@lru_cache
def list_statement(
    kind: type[Study],
    states: tuple[StudyState, ...] | None,
    shape: PartShape | None,
    *,
    by_name: bool,
    begins: bool,
) -> Prepared:
    """A statement for the ids of a page, which begins the list or follows ``:cursor``."""
    columns = table_of(kind).c
    after = [] if begins else [partial(behind, newest=True)]
    named = [columns.name == bindparam("name")] if by_name else []
    index = f"ix_{table_of(kind).name}" + ("_name" if by_name else "")
    walk = Walk(columns.id, columns.state, tuple(named), index)
    by_end = Walk(columns.id, columns.state, (columns.id_end == bindparam("id_end"), *named))
    all_states = tuple(StudyState) if by_name else None
    arms = (
        walk.arms(states or all_states, *(each(walk.id) for each in after))
        if shape is None
        else part_arms(shape, walk, by_end, states or all_states, *after)
    )
    return Prepared(merged(arms, newest=True))


def lock(session: Session, kind: type[AnyStudy], study_id: str) -> AnyStudy | None:
    """The study as it now is, which nobody else changes until the transaction's end; None: it is gone."""
    # In SQLite a writing transaction is alone anyway.
    query = select(kind).where(kind.id == study_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def lock_unchanged(
    session: Session, kind: type[AnyStudy], study_id: str, event_count: int
) -> AnyStudy | None:
    """The study, locked, if it still runs and nothing has happened to it since it had so many events; else None."""
    study = lock(session, kind, study_id)
    if study is None or study.state is not StudyState.RUNNING or study.event_count != event_count:
        return None
    return study


def end(
    session: Session,
    study: Study,
    *,
    state: StudyState,
    reason: StudyStopReason,
    result: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    """End a study whose row the caller has locked; unless it has finished, cancel the jobs that only it waits for.

    ``result`` is kept as it is; ``details`` go into the event.
    """
    study.state, study.stop_reason, study.result = state, reason, result
    study.finished_at = database_now()
    events.append(session, study, EventKind.STATE, {"state": state, "reason": reason, **details})
    session.flush()
    _keep_states_of_jobs(session, study)
    if state is not StudyState.FINISHED:
        _cancel_own_jobs(session, study)


def keep_result(session: Session, kind: type[Study], study_id: str, result: dict[str, Any]) -> None:
    """Store the result of a study that has ended without one, as a cancelled one does."""
    session.execute(
        update(kind)
        .where(kind.id == study_id, kind.state != StudyState.RUNNING, kind.result.is_(None))
        .values(result=result)
    )


def cancel(session: Session, kind: type[AnyStudy], study_id: str) -> AnyStudy:
    """End a running study, and cancel the jobs that were made for it and that no other one waits for.

    Asking again changes nothing.

    Raises:
        NotFoundError: there is no such study.
        StateError: it has ended in another way.
    """
    study = _locked(session, kind, study_id)
    if study.state is StudyState.CANCELLED:
        return study
    if study.state is not StudyState.RUNNING:
        raise StateError(
            f"{kind.noun} {study_id} is {study.state}; only a running {kind.noun} can be cancelled"
        )
    end(session, study, state=StudyState.CANCELLED, reason=StudyStopReason.CANCELLED)
    session.refresh(study)
    return study


def _locked(session: Session, kind: type[AnyStudy], study_id: str) -> AnyStudy:
    return lock(session, kind, study_id) or get(session, kind, study_id)


def _keep_states_of_jobs(session: Session, study: Study) -> None:
    """Only the jobs that have ended by now count from now on, whatever becomes of them and the others."""
    table = study.member_table
    state = select(Job.state).where(Job.id == table.job_id, Job.state.in_(FINAL_JOB_STATES))
    session.execute(update(table).where(table.study_id == study.id).values(ended=state.scalar_subquery()))


def _cancel_own_jobs(session: Session, study: Study) -> None:
    own = own_jobs(type(study), study.id, unless=StudyState.RUNNING)
    unfinished = select(Job.id).where(Job.id.in_(own), Job.state.not_in(FINAL_JOB_STATES))
    jobs.request_cancel_of_all(session, session.scalars(unfinished).all())
