"""How an attempt ends: why it stops before its training does, what an error of it stands for, and what is written."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from normlab.disk_full import is_disk_full
from normlab.errors import DatasetError, NanLossError, SpecError, TrainingError
from normlab.store import FailureCode, Job
from normlab.store.jobs import endings, leases
from worker.reports import storable

OUT_OF_MEMORY_DETAIL = (
    "training needs more memory than the worker may use: a smaller batch_size or fewer units need less"
)
DEADLINE_DETAIL = "the job ran longer than its max_runtime_seconds"
REFUSED_DETAIL = "the database refuses what the training reports; the worker's log has the reason"


@dataclass(frozen=True)
class Failure:
    """The code and the sentence of a failed job's error."""

    code: FailureCode
    detail: str


def classify(error: BaseException) -> Failure:
    """The failure that an exception of a training stands for.

    What nobody thought of gets no more than its class's name: messages of unknown errors may hold paths.
    """
    failure = _classify(error)
    return Failure(failure.code, storable(failure.detail))


def _classify(error: BaseException) -> Failure:
    match error:
        case NanLossError():
            return Failure(FailureCode.NAN_LOSS, str(error))
        case DatasetError():
            return Failure(FailureCode.DATASET_ERROR, str(error))
        case SpecError():
            return Failure(FailureCode.INVALID_SPEC, f"this worker does not accept the job's spec: {error}")
        case TrainingError():
            return Failure(FailureCode.INTERNAL, str(error))
    # TensorFlow says ResourceExhaustedError for a full disk, too.
    if is_disk_full(error):
        return Failure(FailureCode.DISK_FULL, "the worker's disk is full: free some space and retry the job")
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
        return Failure(FailureCode.OUT_OF_MEMORY, OUT_OF_MEMORY_DETAIL)
    if isinstance(error, DBAPIError):
        return Failure(FailureCode.INTERNAL, REFUSED_DETAIL)
    return Failure(
        FailureCode.INTERNAL, f"an error inside the worker ({type(error).__name__}); its log tells more"
    )


Ending = Callable[[Session], Job | None]


class StopCause(StrEnum):
    """Why an attempt ends before its training does."""

    CANCELLED = "cancelled"
    LOST = "lost"
    """Another attempt has the job."""
    DEADLINE = "deadline"
    REFUSED = "refused"
    """The database refuses an epoch for what is in it."""
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
        case StopCause.REFUSED:
            return _failure(job_id, attempt, FailureCode.INTERNAL, REFUSED_DETAIL)
        case StopCause.OUT_OF_MEMORY:
            return _failure(job_id, attempt, FailureCode.OUT_OF_MEMORY, OUT_OF_MEMORY_DETAIL)
        case StopCause.SHUTDOWN:
            return lambda session: leases.release(session, job_id, attempt, reason="shutdown")
        case _:
            return None


def _failure(job_id: str, attempt: int, code: FailureCode, detail: str) -> Ending:
    return lambda session: endings.fail(session, job_id, attempt, code, detail)
