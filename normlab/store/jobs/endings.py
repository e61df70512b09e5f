"""How an attempt ends its job. Each is one transaction and happens at most once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from normlab.documents.states import FailureCode, JobState
from normlab.store.artifacts import StoredFile, record
from normlab.store.jobs.figures import figures_of
from normlab.store.jobs.leases import owned
from normlab.store.jobs.tables import Job
from normlab.store.jobs.transitions import move


@dataclass(frozen=True)
class Outcome:
    """What a finished training leaves in the database; the shapes are those of ``GET /jobs/{id}``."""

    result: dict[str, Any]
    timings: dict[str, Any]
    environment: dict[str, Any]
    digests: dict[str, Any]
    layers: list[dict[str, Any]]
    artifacts: Sequence[StoredFile] = field(default=())


def finish(session: Session, job_id: str, attempt: int, outcome: Outcome) -> Job | None:
    """The job has succeeded. If its cancellation was asked for meanwhile it is cancelled instead, as was
    promised.

    Gives the job in its final state, or None: the attempt has lost the job and nothing was written.
    """
    mine = owned(job_id, attempt)
    values = {
        "result": outcome.result,
        **figures_of(outcome.result),
        "timings": outcome.timings,
        "environment": outcome.environment,
        "digests": outcome.digests,
        "layers": outcome.layers,
        "progress": None,
    }
    job = move(
        session, JobState.SUCCEEDED, mine, Job.cancel_requested_at.is_(None), reason="finished", values=values
    )
    if job is None:
        return cancel(session, job_id, attempt)
    record(session, job, outcome.artifacts)
    return job


def fail(
    session: Session,
    job_id: str,
    attempt: int,
    code: FailureCode,
    detail: str,
    *,
    timings: dict[str, Any] | None = None,
) -> Job | None:
    """The job has failed; ``detail`` is a sentence for its owner. None: the attempt has lost the job.

    If its cancellation was asked for meanwhile it is cancelled instead.
    """
    values = {"error_code": code, "error_detail": detail, "timings": timings}
    mine = owned(job_id, attempt)
    job = move(session, JobState.FAILED, mine, Job.cancel_requested_at.is_(None), reason=code, values=values)
    return job or cancel(session, job_id, attempt, timings=timings)


def cancel(
    session: Session, job_id: str, attempt: int, *, timings: dict[str, Any] | None = None
) -> Job | None:
    """The attempt has stopped because the job's cancellation was asked for. None: the attempt has lost the
    job.
    """
    asked = Job.cancel_requested_at.is_not(None)
    return move(
        session,
        JobState.CANCELLED,
        owned(job_id, attempt),
        asked,
        reason="cancelled",
        values={"timings": timings},
    )
