"""What a running attempt reports: epochs, measurements, progress and warnings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import WarningCode
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.store import measurements
from normlab.store.base import table_of
from normlab.store.clock import database_now, rfc3339
from normlab.store.jobs import events
from normlab.store.jobs.leases import owned
from normlab.store.jobs.tables import Epoch, Job
from normlab.store.jobs.transitions import update_job
from normlab.store.upsert import insert

_jobs = table_of(Job)
_STORE_PROGRESS = (
    update(_jobs)
    .where(_jobs.c.id == bindparam("of"))
    .values(progress=bindparam("told"), updated_at=bindparam("now"))
)


@dataclass(frozen=True)
class Beginning:
    """Where an attempt begins."""

    epochs: int
    """So many whole epochs are done."""
    updates: int
    """So many updates of the weights are made, and measured at; -1: the start is not."""


ANEW = Beginning(epochs=0, updates=-1)


def begin(session: Session, job_id: str, attempt: int, at: Beginning) -> bool:
    """Delete what earlier attempts stored beyond where this one begins, so that a curve is of one run. False: the
    attempt has lost the job.
    """
    job = update_job(session, owned(job_id, attempt), values={}, event=False)
    if job is None:
        return False
    forget(session, job_id, at)
    return True


def forget(session: Session, job_id: str, beyond: Beginning = ANEW) -> None:
    """Delete the epochs and measurements beyond a point of a run, by default all."""
    later = (Epoch.job_id == job_id, Epoch.epoch > beyond.epochs)
    session.execute(delete(Epoch).where(*later), execution_options={"synchronize_session": False})
    measurements.forget(session, job_id, after_step=beyond.updates)


def report_epoch(session: Session, job_id: str, attempt: int, metrics: EpochMetrics) -> bool:
    """Store an epoch and its event, over what an earlier attempt stored for it. False: the attempt has lost
    the job.
    """
    job = update_job(session, owned(job_id, attempt), values={})
    if job is None:
        return False
    numbers = metrics.model_dump()
    row = numbers | {"attempt": attempt, "recorded_at": job.updated_at}
    session.execute(
        insert(session, Epoch)
        .values(job_id=job_id, **row)
        .on_conflict_do_update(index_elements=[Epoch.job_id, Epoch.epoch], set_=row)
    )
    events.append(session, job, EventKind.EPOCH, numbers)
    return True


def report_measurements(session: Session, job_id: str, attempt: int, measured: Collection[Measured]) -> bool:
    """Store a batch of measurements, over what earlier attempts stored for the same steps, and an event that says up
    to where there are some, in place of the one before. False: the attempt has lost the job.
    """
    job = update_job(session, owned(job_id, attempt), values={}, event=bool(measured))
    if job is None:
        return False
    if measured:
        measurements.store(session, job_id, attempt, measured)
        last = max(measured, key=lambda item: item.step)
        place = {"epoch": last.epoch, "step": last.step, "measurements": len(measured)}
        events.replace_measured(session, job, place)
    return True


def report_progress(
    session: Session,
    job_id: str,
    attempt: int,
    progress: dict[str, Any],
    *,
    remaining_seconds: float | None = None,
) -> bool:
    """Store where the run is, over what was stored before: what comes every second is no event. False: the attempt
    has lost the job.

    ``progress`` has ``phase``, ``epoch``, ``epochs``, ``step``, ``steps``, ``loss`` and ``fraction``; to it
    come ``attempt``, and by the database's clock (RFC 3339) ``at``, which is now, and ``estimated_end_at``,
    ``remaining_seconds`` from now.
    """
    mine = select(database_now()).where(owned(job_id, attempt)).with_for_update()
    now = session.scalar(mine)
    if now is None:
        return False
    end = None if remaining_seconds is None else rfc3339(now + timedelta(seconds=remaining_seconds))
    told = progress | {"estimated_end_at": end, "at": rfc3339(now), "attempt": attempt}
    session.execute(_STORE_PROGRESS, {"of": job_id, "told": told, "now": now})
    return True


def report_warning(session: Session, job_id: str, attempt: int, code: WarningCode, detail: str) -> bool:
    """Store an event about something that went wrong and did not end the job. False: the attempt has lost it."""
    job = update_job(session, owned(job_id, attempt), values={})
    if job is None:
        return False
    events.append(session, job, EventKind.WARNING, {"code": code, "detail": detail})
    return True


EpochRow: TypeAlias = Row[Any]
"""An epoch as a plain row of its table."""

_epochs = table_of(Epoch)
_OF_JOB = select(_epochs).where(_epochs.c.job_id == bindparam("job_id")).order_by(_epochs.c.epoch)


def epochs(session: Session, job_id: str) -> Sequence[EpochRow]:
    """The job's epochs, in order."""
    return session.execute(_OF_JOB, {"job_id": job_id}).all()
