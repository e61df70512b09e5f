"""Jobs, their metrics, events and artifacts: in SQLite or Postgres, and in a folder or a bucket.

Functions take a ``Session`` first; ``Database.read()`` and ``Database.write()`` give one::

    with database.write() as session:
        job = jobs.create(session, spec)
"""

from normlab.store import artifacts, claims, endings, events, idempotency, janitor, jobs, reports
from normlab.store.artifacts import ArtifactStore
from normlab.store.database import Database, is_unavailable
from normlab.store.models import Artifact, Epoch, Event, Job
from normlab.store.states import ArtifactKind, EventKind, FailureCode, JobState

__all__ = [
    "Artifact",
    "ArtifactKind",
    "ArtifactStore",
    "Database",
    "Epoch",
    "Event",
    "EventKind",
    "FailureCode",
    "Job",
    "JobState",
    "artifacts",
    "claims",
    "endings",
    "events",
    "idempotency",
    "is_unavailable",
    "janitor",
    "jobs",
    "reports",
]
