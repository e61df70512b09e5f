"""From what a training raised to what the job's owner reads."""

import errno
from dataclasses import dataclass

from normlab.errors import DatasetError, NanLossError, SpecError, TrainingError
from normlab.store import FailureCode

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

OUT_OF_MEMORY_DETAIL = (
    "training needs more memory than the worker may use: a smaller batch_size or fewer units need less"
)


@dataclass(frozen=True)
class Failure:
    """The code and the sentence of a failed job's error."""

    code: FailureCode
    detail: str


def classify(error: BaseException) -> Failure:
    """The failure that an exception of a training stands for.

    What nobody thought of gets no more than its class's name: messages of unknown errors may hold paths.
    """
    match error:
        case NanLossError():
            return Failure(FailureCode.NAN_LOSS, str(error))
        case DatasetError():
            return Failure(FailureCode.DATASET_ERROR, str(error))
        case SpecError():
            return Failure(FailureCode.INVALID_SPEC, f"this worker does not accept the job's spec: {error}")
        case TrainingError():
            return Failure(FailureCode.INTERNAL, str(error))
        case OSError() if error.errno in _FULL:
            return Failure(
                FailureCode.DISK_FULL, "the worker's disk is full: free some space and retry the job"
            )
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
        return Failure(FailureCode.OUT_OF_MEMORY, OUT_OF_MEMORY_DETAIL)
    return Failure(
        FailureCode.INTERNAL, f"an error inside the worker ({type(error).__name__}); its log tells more"
    )
