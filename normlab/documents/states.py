"""The states of jobs, of studies (questions that are answered by jobs, such as comparisons), and of uploaded datasets.
And why they ended.

The database has them in its columns.
"""

from enum import StrEnum

from normlab.spec.runs import Concern


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    """Accepted and stored; no worker has it."""
    RUNNING = "running"
    """One attempt holds the job's lease."""
    SUCCEEDED = "succeeded"
    """Trained; results and artifacts are stored."""
    FAILED = "failed"
    """Ended without a trained network; the job's error says why."""
    CANCELLED = "cancelled"
    """Ended because somebody asked for it."""

    @property
    def final(self) -> bool:
        """Whether a job in this state is over (it can still be retried by hand, unless it succeeded)."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class FailureCode(StrEnum):
    """Why a job failed: the ``code`` of its error.

    Only silence is tried again by itself, up to the last attempt that is allowed: a rerun gives the same bits, so a
    NaN, a missing file or a network that is too large would fail again, and a full disk is full for all.
    """

    NAN_LOSS = "nan_loss"
    """The loss stopped being a finite number."""
    OUT_OF_MEMORY = "out_of_memory"
    """The network needs more memory than the worker may use."""
    DISK_FULL = "disk_full"
    """What is exported at the end did not fit on the worker's disk; a checkpoint that does not fit is a warning."""
    DATASET_ERROR = "dataset_error"
    """The dataset's files are missing or are not what they should be."""
    DEADLINE_EXCEEDED = "deadline_exceeded"
    """The job ran longer than its ``max_runtime_seconds``."""
    LOST_WORKER = "lost_worker"
    """The worker went silent, on the last attempt that was allowed."""
    INVALID_SPEC = "invalid_spec"
    """This version of the worker cannot build what an earlier one accepted."""
    INTERNAL = "internal"
    """An error nobody thought of."""


class WarningCode(StrEnum):
    """What went wrong that did not end a job, and what to know before reading its figures."""

    CHECKPOINT_DAMAGED = "checkpoint_damaged"
    """A checkpoint was not what had been written; an older one was used, or none."""
    CHECKPOINT_OF_OTHER_VERSION = "checkpoint_of_other_version"
    """Another version of Normlab wrote the checkpoint, and the job is trained from its start."""
    CHECKPOINT_NOT_WRITTEN = "checkpoint_not_written"
    """The disk did not take a checkpoint; the one before it stays."""
    HARD_TO_LEARN = "hard_to_learn"
    """The spec leaves little for the network to learn from."""
    NOTHING_LEARNED = Concern.NOTHING_LEARNED.value
    """The accuracy cannot be told from that of always answering the most frequent class."""
    STILL_RISING = Concern.STILL_RISING.value
    """The accuracy still rose when training ended."""
    UNSETTLED_STATISTICS = Concern.UNSETTLED_STATISTICS.value
    """Moving statistics of batch normalization are still in good part what they began as."""
    EXPORT_FAILED = "export_failed"
    """A file of the trained network is not offered: it could not be made, or its runtime computed it wrongly."""


class StudyState(StrEnum):
    """Where a study is. From ``running`` it may end in any of the others, and stays there."""

    RUNNING = "running"
    """Jobs of it are unfinished, or what follows from them has not been worked out yet."""
    FINISHED = "finished"
    """All jobs that its plan wanted have run, or enough of them to decide."""
    FAILED = "failed"
    """It has no answer; its stop reason says why."""
    CANCELLED = "cancelled"
    """Ended because somebody asked for it; what is known until then stays."""

    @property
    def final(self) -> bool:
        """Whether a study in this state is over."""
        return self is not StudyState.RUNNING


class StudyStopReason(StrEnum):
    """Why a study runs no more jobs."""

    ALL_PAIRS_RUN = "all_pairs_run"
    """A comparison has run as many pairs as its plan allows."""
    DECIDED = "decided"
    """A look that the plan had foreseen decided every pair of arms."""
    NO_PAIR = "no_pair"
    """In no pair of a comparison did all jobs succeed."""
    ALL_POINTS_RUN = "all_points_run"
    """A sweep has run all points that its plan has, or that its budget of jobs allows."""
    BUDGET_SPENT = "budget_spent"
    """A sweep has used up its seconds."""
    NO_POINT = "no_point"
    """At no point of a sweep did every seed come to a value."""
    ANALYSIS_FAILED = "analysis_failed"
    """What follows from its jobs could not be worked out; the log of the service says why."""
    CANCELLED = "cancelled"


class DatasetState(StrEnum):
    """Where an uploaded dataset is. From ``checking`` it ends in one of the others, and stays there."""

    CHECKING = "checking"
    """It is stored; a worker reads it, or will."""
    READY = "ready"
    """Jobs can be trained on it."""
    REFUSED = "refused"
    """It cannot be used as it is; its reason says why and what would be right."""
    CANCELLED = "cancelled"
    """Ended because somebody asked for it."""

    @property
    def final(self) -> bool:
        """Whether a dataset in this state is checked to the end."""
        return self is not DatasetState.CHECKING


class ModelChangeKind(StrEnum):
    """What was done to a model's name."""

    POINTED = "pointed"
    """It stands for another job: a new version."""
    ROLLED_BACK = "rolled_back"
    """It stands for an earlier version again."""
    VERSION_DELETED = "version_deleted"
