"""Going on: what follows when jobs of studies have ended. Any number of processes may do it at once."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, inspect, or_, select
from sqlalchemy.orm import Session

from normlab.documents.states import StudyState, StudyStopReason
from normlab.store.availability import is_unavailable
from normlab.store.database import Database
from normlab.store.jobs.tables import Job
from normlab.store.studies import studies
from normlab.store.studies.studies import FINAL_JOB_STATES, AnyStudy
from normlab.store.studies.tables import Study, StudyMember

_log = logging.getLogger(__name__)

OnEnded = Callable[[Session, AnyStudy, Sequence[Any]], None]
"""Stores the events of a study, whose row is locked, for those of its members whose jobs have just ended."""

Decide = Callable[[str, int], list[str]]
"""Ends the study of this id, or gives it further members, if it still has this ``event_count``; gives the ids of
the jobs that were made. It is called outside of any transaction, and may take its time."""


def advance(
    database: Database, kind: type[AnyStudy], *, on_ended: OnEnded[AnyStudy], decide: Decide
) -> list[str]:
    """Record which jobs of running studies have ended, and decide the studies all of whose jobs have.

    A study whose turn raises an error fails with ``analysis_failed``, once, with the error in the log: it must not
    hold up the others, and would raise it again. Only a database that is away is waited for.

    Gives the ids of the jobs that were made: notify a worker of them.
    """
    with database.read() as session:
        news = session.execute(_running(kind).where(_has_member(kind, _ENDED, _unrecorded(kind)))).all()
    for study_id, event_count in news:
        try:
            with database.write() as session:
                _record_ended_jobs(session, kind, study_id, on_ended)
        except Exception as error:
            _fail(database, kind, study_id, event_count, error)
    with database.read() as session:
        complete = session.execute(
            _running(kind).where(~_has_member(kind, or_(~_ENDED, _unrecorded(kind))))
        ).all()
    made = []
    for study_id, event_count in complete:
        try:
            made += decide(study_id, event_count)
        except Exception as error:
            _fail(database, kind, study_id, event_count, error)
    return made


_ENDED = Job.state.in_(FINAL_JOB_STATES)


def _unrecorded(kind: type[Study]) -> ColumnElement[bool]:
    """A job that failed, was recorded, was retried and has succeeded is news again."""
    table = kind.member_table
    return or_(table.ended.is_(None), table.ended != Job.state)


def _has_member(kind: type[Study], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    table = kind.member_table
    members = select(table).join(Job, Job.id == table.job_id)
    return exists(members.where(table.study_id == kind.id, *conditions))


def _running(kind: type[Study]) -> Select[str, int]:
    running = kind.state == StudyState.RUNNING
    return select(kind.id, kind.event_count).where(running).order_by(kind.id)


def _record_ended_jobs(
    session: Session, kind: type[AnyStudy], study_id: str, on_ended: OnEnded[AnyStudy]
) -> None:
    study = studies.lock(session, kind, study_id)
    if study is None or study.state is not StudyState.RUNNING:
        return
    # Only what has ended since last time is read: a study of 400 jobs is looked at 400 times.
    table = kind.member_table
    rows = session.execute(
        select(table, Job.state)
        .join(Job, Job.id == table.job_id)
        .where(table.study_id == study_id, _ENDED, _unrecorded(kind))
        .order_by(*inspect(table).primary_key)
    ).all()
    ended: list[StudyMember] = []
    for member, state in rows:
        member.ended = state
        ended.append(member)
    session.flush()
    if ended:
        on_ended(session, study, ended)


def _fail(database: Database, kind: type[Study], study_id: str, event_count: int, error: Exception) -> None:
    """End a study that cannot go on, unless somebody else was faster; called while ``error`` is handled."""
    if is_unavailable(error):
        raise error
    _log.error("%s %s has failed: its turn raised an error", kind.noun, study_id, exc_info=error)
    with database.write() as session:
        study = studies.lock_unchanged(session, kind, study_id, event_count)
        if study is not None:
            studies.end(session, study, state=StudyState.FAILED, reason=StudyStopReason.ANALYSIS_FAILED)
