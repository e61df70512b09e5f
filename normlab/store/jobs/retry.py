"""When a job is taken from an attempt that fell silent, and whether it is tried again. By the database's clock:

    each heartbeat:   lease_expires_at = now + lease_seconds
    taken back:       lease_expires_at < now, or the attempt's process is known to be dead
    then:             lost_attempts = lost_attempts + 1
    tried again:      lost_attempts < max_attempts, at once; else it fails as ``lost_worker``

It is tried again without a wait, and keeps ``queued_at``, so it goes before jobs of its priority that came later. What
is not silence is not tried again by itself: a rerun gives the same bits, so it would fail again (``FailureCode``). An
attempt that its worker gives back when it shuts down is not counted. Whoever retries a job by hand starts the count
anew.
"""

from typing import Any

from sqlalchemy import ColumnElement

from normlab.documents.states import FailureCode
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.jobs.tables import Job

MAX_ATTEMPTS = 3
"""So many attempts may be lost, where nothing else is said."""

LOST: dict[str, Any] = {"lost_attempts": Job.lost_attempts + 1}
"""What changes with a lost attempt."""

LOST_FOR_GOOD: dict[str, Any] = LOST | {
    "error_code": FailureCode.LOST_WORKER,
    "error_detail": "the worker that trained this job went silent, as did those of the attempts before",
}
"""What changes with the last one that was allowed."""

FRESH_COUNT: dict[str, Any] = {"lost_attempts": 0}
"""What changes when the job is retried by hand."""


def lease_end(lease_seconds: float) -> ColumnElement[Any]:
    """When the lease of an attempt ends that gives a sign of life now."""
    return seconds_from_now(lease_seconds)


def lease_has_expired() -> ColumnElement[bool]:
    """Whether the job's attempt has been silent for too long."""
    return Job.lease_expires_at < database_now()


def is_last_attempt() -> ColumnElement[bool]:
    """Whether the job fails if its present attempt is lost."""
    return Job.lost_attempts + 1 >= Job.max_attempts
