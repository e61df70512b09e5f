"""New jobs: whatever can be worked out of a spec is, before the transaction; then any number is stored at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, WarningCode
from normlab.spec import JobSpec, learning_warnings
from normlab.spec.job import DigestsOfSeeds
from normlab.store.base import Base, table_of
from normlab.store.clock import Moment, database_now
from normlab.store.datasets import usage
from normlab.store.identifiers import ID_END, new_id
from normlab.store.jobs.retry import MAX_ATTEMPTS
from normlab.store.jobs.tables import Event, Job, JobTag
from normlab.store.json_text import to_json
from normlab.store.prepared import Prepared, Transaction

_COLUMNS = (
    "id", "id_end", "name", "state", "created_at", "queued_at", "updated_at", "spec", "dataset", "preset",
    "spec_digest", "arm_digest", "priority", "max_runtime_seconds", "attempt", "lost_attempts", "max_attempts",
    "event_count",
)  # fmt: skip
"""Of a new job's row; the others are null."""


def _insert(table: type[Base], *columns: str) -> Prepared:
    return Prepared(insert(table_of(table)).values({column: bindparam(column) for column in columns}))


_INSERT_JOBS = _insert(Job, *_COLUMNS)
_INSERT_TAGS = _insert(JobTag, "job_id", "tag", "position", "state")
_INSERT_EVENTS = _insert(Event, "job_id", "number", "kind", "at", "attempt", "data")
_NOW = Prepared(select(database_now()))


@dataclass(frozen=True)
class NewJob:
    """A job that waits to be stored, complete but for its times."""

    columns: dict[str, Any]
    """What its row holds, where that is not null."""
    tags: Sequence[str]
    events: Sequence[tuple[EventKind, dict[str, Any]]]
    """What is told of it from the start: that it is queued, and what makes learning hard in its spec."""
    texts: Mapping[str, str]
    """The columns that are documents, as the database holds them."""
    dataset: tuple[str, int] | None
    """The name and version of its dataset, where that was uploaded."""

    @classmethod
    def of(cls, spec: JobSpec, *, max_attempts: int = MAX_ATTEMPTS) -> "NewJob":
        """A job of this spec, queued."""
        return NewJobs(spec, max_attempts=max_attempts).job(spec.training.seed, spec.name)

    @property
    def id(self) -> str:
        """Its id."""
        job_id: str = self.columns["id"]
        return job_id

    def row(self, at: Moment) -> dict[str, Any]:
        """Its row, but for what is null, when it is stored at this moment."""
        return {**self.columns, **_times(at)}

    def tag_rows(self) -> list[dict[str, Any]]:
        """The rows of its tags."""
        return [
            {"job_id": self.id, "tag": tag, "position": position, "state": JobState.QUEUED}
            for position, tag in enumerate(self.tags)
        ]

    def event_rows(self, at: Moment) -> list[dict[str, Any]]:
        """The rows of its events, as the driver takes them."""
        return [
            {"job_id": self.id, "number": number, "kind": kind, "at": at, "attempt": 0, "data": to_json(data)}
            for number, (kind, data) in enumerate(self.events, 1)
        ]


class NewJobs:
    """Makes jobs that differ in their seeds and names only: what they share is worked out once."""

    def __init__(self, spec: JobSpec, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._document = spec.to_document()
        self._digests = DigestsOfSeeds.of(spec, self._document)
        self._tags = tuple(dict.fromkeys(spec.tags))
        warnings = [
            (EventKind.WARNING, {"code": WarningCode.HARD_TO_LEARN, "detail": str(warning)})
            for warning in learning_warnings(spec)
        ]
        self._dataset = uploaded_dataset(spec)
        self._events = [(EventKind.STATE, {"state": JobState.QUEUED, "reason": "created"}), *warnings]
        self._columns = {
            "state": JobState.QUEUED,
            "dataset": spec.dataset.name,
            "preset": spec.architecture.preset,
            "arm_digest": self._digests.arm,
            "priority": spec.priority,
            "max_runtime_seconds": spec.max_runtime_seconds,
            "attempt": 0,
            "lost_attempts": 0,
            "max_attempts": max_attempts,
            "event_count": len(self._events),
        }

    def job(self, seed: int, name: str | None) -> NewJob:
        """The next one, queued."""
        training = self._document["training"] | {"seed": seed}
        document = self._document | {"name": name, "training": training}
        job_id = new_id("job")
        columns = self._columns | {
            "id": job_id,
            "id_end": job_id[-ID_END:],
            "name": name,
            "spec": document,
            "spec_digest": self._digests.spec(seed),
        }
        return NewJob(columns, self._tags, self._events, {"spec": to_json(document)}, self._dataset)


def uploaded_dataset(spec: JobSpec) -> tuple[str, int] | None:
    """The name and version of a spec's dataset, where that was uploaded."""
    dataset = spec.dataset
    return None if dataset.version is None else (dataset.name, dataset.version)


def store(where: Transaction, new: Sequence[NewJob], *, at: Moment | None = None) -> Moment:
    """Store new jobs at one moment, which is given back; without it, that of the database's clock.

    Ring the notifier after the commit.

    Raises:
        SpecError: a dataset was deleted since the spec was read.
    """
    at = at or now(where)
    if new:
        times = _times(at)
        _INSERT_JOBS.run_many(where, [{**job.columns, **job.texts, **times} for job in new])
        _INSERT_EVENTS.run_many(where, [row for job in new for row in job.event_rows(at)])
    tags = [row for job in new for row in job.tag_rows()]
    if tags:
        _INSERT_TAGS.run_many(where, tags)
    for job in new:
        if job.dataset is not None:
            usage.record(where, job.id, *job.dataset)
    return at


def now(where: Transaction) -> Moment:
    """The moment of the database's clock."""
    ((at,),) = _NOW.rows(where)
    found: Moment = at
    return found


def _times(at: Moment) -> dict[str, Moment]:
    return {"created_at": at, "queued_at": at, "updated_at": at}
