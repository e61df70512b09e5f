import errno

import pytest

from normlab.errors import DatasetError, NanLossError, Problem, SpecError, TrainingError
from normlab.store import FailureCode
from worker.endings import classify


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (NanLossError("the loss became nan"), FailureCode.NAN_LOSS, "the loss became nan"),
        (DatasetError("no files"), FailureCode.DATASET_ERROR, "no files"),
        (
            SpecError([Problem("/training/epochs", "at least 1")]),
            FailureCode.INVALID_SPEC,
            "this worker does not accept the job's spec: /training/epochs: at least 1",
        ),
        (TrainingError("no GPU here"), FailureCode.INTERNAL, "no GPU here"),
        (
            OSError(errno.ENOSPC, "No space left", "/secret/path"),
            FailureCode.DISK_FULL,
            "the worker's disk is full: free some space and retry the job",
        ),
        (
            OSError(errno.EDQUOT, "Quota", "/secret"),
            FailureCode.DISK_FULL,
            "the worker's disk is full: free some space and retry the job",
        ),
        (
            OSError(errno.EFBIG, "Large", "/secret"),
            FailureCode.DISK_FULL,
            "the worker's disk is full: free some space and retry the job",
        ),
        (
            ResourceExhaustedError("/secret; No space left on device"),
            FailureCode.DISK_FULL,
            "the worker's disk is full: free some space and retry the job",
        ),
        (
            OSError(errno.EIO, "broken", "/secret/path"),
            FailureCode.INTERNAL,
            "an error inside the worker (OSError); its log tells more",
        ),
        (
            ResourceExhaustedError(),
            FailureCode.OUT_OF_MEMORY,
            "training needs more memory than the worker may use: a smaller batch_size or fewer units need less",
        ),
        (
            MemoryError(),
            FailureCode.OUT_OF_MEMORY,
            "training needs more memory than the worker may use: a smaller batch_size or fewer units need less",
        ),
    ],
)
def test_each_error_has_its_code_and_tells_no_paths(error: Exception, code: FailureCode, detail: str) -> None:
    failure = classify(error)
    assert (failure.code, failure.detail) == (code, detail)
