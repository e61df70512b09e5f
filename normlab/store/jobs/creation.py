"""New jobs: whatever can be worked out of a spec is, before the transaction; then any number is stored at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, WarningCode
from normlab.spec import JobSpec, learning_warnings
from normlab.store.base import table_of
from normlab.store.clock import database_now
from normlab.store.identifiers import ID_END, new_id
from normlab.store.jobs.retry import MAX_ATTEMPTS
from normlab.store.jobs.tables import Event, Job, JobTag

_INSERT_JOBS = insert(table_of(Job))
_INSERT_TAGS = insert(table_of(JobTag))
_INSERT_EVENTS = insert(table_of(Event))
_NOW = select(database_now())


@dataclass(frozen=True)
class NewJob:
    """A job that waits to be stored, complete but for its times."""

    columns: dict[str, Any]
    """What its row holds, where that is not null."""
    tags: Sequence[str]
    events: Sequence[tuple[EventKind, dict[str, Any]]]
    """What is told of it from the start: that it is queued, and what makes learning hard in its spec."""

    @classmethod
    def of(cls, spec: JobSpec, *, max_attempts: int = MAX_ATTEMPTS) -> Self:
        """A job of this spec, queued."""
        digests = spec.digests()
        warnings = [
            (EventKind.WARNING, {"code": WarningCode.HARD_TO_LEARN, "detail": str(warning)})
            for warning in learning_warnings(spec)
        ]
        events = [(EventKind.STATE, {"state": JobState.QUEUED, "reason": "created"}), *warnings]
        job_id = new_id("job")
        columns = {
            "id": job_id,
            "id_end": job_id[-ID_END:],
            "name": spec.name,
            "state": JobState.QUEUED,
            "spec": spec.to_document(),
            "dataset": spec.dataset.name,
            "preset": spec.architecture.preset,
            "spec_digest": digests.spec,
            "arm_digest": digests.arm,
            "priority": spec.priority,
            "max_runtime_seconds": spec.max_runtime_seconds,
            "attempt": 0,
            "lost_attempts": 0,
            "max_attempts": max_attempts,
            "event_count": len(events),
        }
        return cls(columns, tuple(dict.fromkeys(spec.tags)), events)

    @property
    def id(self) -> str:
        """Its id."""
        job_id: str = self.columns["id"]
        return job_id

    def row(self, at: datetime) -> dict[str, Any]:
        """Its row, but for what is null, when it is stored at this moment."""
        return {**self.columns, "created_at": at, "queued_at": at, "updated_at": at}

    def tag_rows(self) -> list[dict[str, Any]]:
        """The rows of its tags."""
        return [
            {"job_id": self.id, "tag": tag, "position": position, "state": JobState.QUEUED}
            for position, tag in enumerate(self.tags)
        ]


def store(session: Session | Connection, new: Sequence[NewJob], *, at: datetime | None = None) -> datetime:
    """Store new jobs at one moment, which is given back; without it, that of the database's clock.

    Ring the notifier after the commit.
    """
    connection = session.connection() if isinstance(session, Session) else session
    at = at or connection.execute(_NOW).scalar_one()
    if not new:
        return at
    connection.execute(_INSERT_JOBS, [job.row(at) for job in new])
    events = [
        {"job_id": job.id, "number": number, "kind": kind, "at": at, "attempt": 0, "data": data}
        for job in new
        for number, (kind, data) in enumerate(job.events, 1)
    ]
    connection.execute(_INSERT_EVENTS, events)
    tags = [row for job in new for row in job.tag_rows()]
    if tags:
        connection.execute(_INSERT_TAGS, tags)
    return at
