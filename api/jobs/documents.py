"""Rows of the store -> the documents that the API answers with."""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from api.http.root_path import address
from normlab.documents.jobs import JobDocument, JobLinks
from normlab.store import Event, EventKind, Job, JobState
from normlab.store.base import table_of
from normlab.store.clock import rfc3339
from normlab.store.jobs import events, queue
from normlab.store.jobs.creation import NewJob
from normlab.store.jobs.queue import Place

_LINKS = [name for name in JobLinks.model_fields if name != "self"]
_NOTHING = dict.fromkeys(table_of(Job).c.keys())


def job_document(session: Session, job: Job) -> JobDocument:
    """One job with its history, in the transaction that changes it; ``answers.py`` writes those that are read."""
    told = events.histories(session, [job.id], (EventKind.STATE, EventKind.WARNING))[job.id]
    places = queue.places(session, [job.id]) if job.state is JobState.QUEUED else {}
    return _job_document(job, job_url(job.id), job.tag_names, told, places.get(job.id))


def new_job_document(new: NewJob, at: datetime, url: str, place: Place) -> dict[str, Any]:
    """One job as it was stored at this moment: nothing of it need be read."""
    row = SimpleNamespace(**{**_NOTHING, **new.row(at)})
    told = [SimpleNamespace(kind=kind, data=data, at=at, attempt=0) for kind, data in new.events]
    return _job_document(row, url, new.tags, told, place).model_dump(mode="json")


def job_url(job_id: str) -> str:
    """Where a job is."""
    return address(f"/jobs/{job_id}")


def _job_document(
    job: Any, url: str, tags: Sequence[str], history: Sequence[Any], place: Place | None
) -> JobDocument:
    running = job.state is JobState.RUNNING
    failed = job.state is JobState.FAILED and job.error_code is not None
    # One dict, checked at once, which single models would take several times as long for.
    return JobDocument.model_validate(
        {
            "id": job.id,
            "name": job.name,
            "tags": tags,
            "state": job.state,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "spec": job.spec,
            "spec_digest": job.spec_digest,
            "arm_digest": job.arm_digest,
            "attempt": job.attempt,
            "max_attempts": job.max_attempts,
            "position": place and place.position,
            "waiting_for": place and place.waiting_for,
            "estimated_start_at": place and place.estimated_start_at,
            "progress": job.progress if running else None,
            "result": job.result,
            "timings": job.timings,
            "error": {"code": job.error_code, "detail": job.error_detail or ""} if failed else None,
            "environment": job.environment,
            "digests": job.digests,
            "history": [_told(event) for event in history if event.kind is EventKind.STATE],
            "warnings": [_told(event) for event in history if event.kind is EventKind.WARNING],
            "links": {"self": url, **{name: f"{url}/{name}" for name in _LINKS}},
        }
    )


def _told(event: Any) -> dict[str, Any]:
    return {**event.data, "at": event.at, "attempt": event.attempt}


def event_data(event: Event) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": rfc3339(event.at), "attempt": event.attempt}
