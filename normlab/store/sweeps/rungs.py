"""Successive halving: which run a rung's run goes on from, and whose last checkpoint is kept for the next rung.

Only hints are read here. A run that goes on from another ends with the bits of one that was trained from its start, so
nothing is lost where the other's checkpoint is not on this machine.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from normlab.documents.states import StudyState
from normlab.store.sweeps.tables import Sweep, SweepJob, SweepPoint


class Rung(NamedTuple):
    """The place of a job in a sweep that is halved."""

    before: str | None
    """The job that trained the same point with the same seed on the rung before."""


def rung_of(session: Session, job_id: str) -> Rung | None:
    """The job's rung in a sweep that runs; None if it has none: what it leaves is of no use to others."""
    before = aliased(SweepJob)
    query = (
        select(before.job_id)
        .select_from(SweepJob)
        .join(Sweep, Sweep.id == SweepJob.study_id)
        .join(SweepPoint, _is_point_of(SweepJob))
        .outerjoin(
            before,
            and_(
                before.study_id == SweepJob.study_id,
                before.round == SweepJob.round - 1,
                before.number == SweepJob.number,
                before.arm == SweepJob.arm,
                before.seed == SweepJob.seed,
            ),
        )
        .where(SweepJob.job_id == job_id, Sweep.state == StudyState.RUNNING, SweepPoint.epochs.is_not(None))
        .order_by(before.job_id.desc().nulls_last())  # else Postgres would have them first, and SQLite last
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Rung(row[0])


def with_rungs(session: Session, job_ids: Collection[str]) -> set[str]:
    """Those of these jobs whose last checkpoint another rung may go on from."""
    query = (
        select(SweepJob.job_id)
        .join(Sweep, Sweep.id == SweepJob.study_id)
        .join(SweepPoint, _is_point_of(SweepJob))
        .where(
            SweepJob.job_id.in_(job_ids),
            Sweep.state == StudyState.RUNNING,
            SweepPoint.epochs.is_not(None),
        )
    )
    return set(session.scalars(query))


def _is_point_of(member: type[SweepJob]) -> ColumnElement[bool]:
    return and_(
        SweepPoint.sweep_id == member.study_id,
        SweepPoint.arm == member.arm,
        SweepPoint.round == member.round,
        SweepPoint.number == member.number,
    )
