"""Why an attempt ends before its training does, and what becomes of its job then."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy.orm import Session

from normlab.store import FailureCode, Job
from normlab.store.jobs import endings, leases
from worker.failures import OUT_OF_MEMORY_DETAIL

DEADLINE_DETAIL = "the job ran longer than its max_runtime_seconds"

Ending = Callable[[Session], Job | None]


class StopCause(StrEnum):
    """Why an attempt ends before its training does."""

    CANCELLED = "cancelled"
    LOST = "lost"
    """Another attempt has the job."""
    DEADLINE = "deadline"
    OUT_OF_MEMORY = "out_of_memory"
    SHUTDOWN = "shutdown"
    """The worker ends; the job goes back into the queue."""


def ending_of(cause: StopCause | None, job_id: str, attempt: int) -> Ending | None:
    """What to write into the database; None: nothing, since the job is another attempt's."""
    match cause:
        case StopCause.CANCELLED:
            return lambda session: endings.cancel(session, job_id, attempt)
        case StopCause.DEADLINE:
            return _failure(job_id, attempt, FailureCode.DEADLINE_EXCEEDED, DEADLINE_DETAIL)
        case StopCause.OUT_OF_MEMORY:
            return _failure(job_id, attempt, FailureCode.OUT_OF_MEMORY, OUT_OF_MEMORY_DETAIL)
        case StopCause.SHUTDOWN:
            return lambda session: leases.release(session, job_id, attempt, reason="shutdown")
        case _:
            return None


def _failure(job_id: str, attempt: int, code: FailureCode, detail: str) -> Ending:
    return lambda session: endings.fail(session, job_id, attempt, code, detail)
