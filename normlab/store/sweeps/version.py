"""What an answer about a sweep depends on: its row, whose changes are counted, and the jobs of its members."""

import hashlib

from sqlalchemy import String, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.jobs.tables import Job
from normlab.store.sweeps.tables import Sweep, SweepJob

_sweeps, _members, _jobs = (table_of(rows).c for rows in (Sweep, SweepJob, Job))

_SWEEP = select(type_coerce(_sweeps.state, String), _sweeps.event_count, _sweeps.result.is_not(None)).where(
    _sweeps.id == bindparam("sweep_id")
)

_MEMBERS = (
    select(type_coerce(_jobs.state, String), _jobs.event_count, type_coerce(_jobs.error_code, String))
    .join_from(table_of(SweepJob), table_of(Job), _jobs.id == _members.job_id)
    .where(_members.sweep_id == bindparam("sweep_id"))
    .order_by(_members.round, _members.number, _members.arm, _members.seed)
)
_FINAL = frozenset({"succeeded", "failed", "cancelled"})


def version_of(session: Session, sweep_id: str) -> bytes:
    """Two answers of the same version are the same.

    Raises:
        NotFoundError: there is no such sweep.
    """
    row = session.execute(_SWEEP, {"sweep_id": sweep_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no sweep {sweep_id}")
    # Of a job that has not ended only its state is told.
    jobs = [
        tuple(job) if job[0] in _FINAL else job[0]
        for job in session.execute(_MEMBERS, {"sweep_id": sweep_id})
    ]
    return hashlib.blake2b(repr((tuple(row), jobs)).encode(), digest_size=16).digest()
