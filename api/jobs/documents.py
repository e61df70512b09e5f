"""Rows of the store -> the documents that the API answers with."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from api.http.root_path import address
from api.jobs import answers
from normlab.documents.jobs import JobDocument, JobLinks
from normlab.store import Event, EventKind, Job, JobState
from normlab.store.clock import Moment, rfc3339
from normlab.store.jobs import events, queue
from normlab.store.jobs.answer_rows import JobAnswer
from normlab.store.jobs.creation import NewJob
from normlab.store.jobs.events import EventRow
from normlab.store.jobs.queue import Place

_LINKS = [name for name in JobLinks.model_fields if name != "self"]


def job_document(session: Session, job: Job) -> JobDocument:
    """One job with its history, in the transaction that changes it; ``answers.py`` writes those that are read."""
    told = events.histories(session, [job.id], (EventKind.STATE, EventKind.WARNING))[job.id]
    places = queue.places(session, [job.id]) if job.state is JobState.QUEUED else {}
    return _job_document(job, told, places.get(job.id))


def new_job_document(new: NewJob, at: Moment, url: str, place: Place) -> dict[str, Any]:
    """One job as it was stored at this moment, written as one that is read: nothing of it need be."""
    columns = {**new.columns, **new.texts, "created_at": at}
    told = [(number, kind, at, 0, data) for number, (kind, data) in enumerate(new.events, 1)]
    columns |= {"tags": orjson.dumps([*enumerate(new.tags)]), "told": orjson.dumps(told)}
    return answers.job_document(JobAnswer._make(map(columns.get, JobAnswer._fields)), place, url)


def job_url(job_id: str) -> str:
    """Where a job is."""
    return address(f"/jobs/{job_id}")


def _job_document(job: Job, history: Sequence[EventRow], place: Place | None) -> JobDocument:
    url = job_url(job.id)
    running = job.state is JobState.RUNNING
    failed = job.state is JobState.FAILED and job.error_code is not None
    # One dict, checked at once, which single models would take several times as long for.
    return JobDocument.model_validate(
        {
            "id": job.id,
            "name": job.name,
            "tags": job.tag_names,
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


def _told(event: EventRow) -> dict[str, Any]:
    return {**event.data, "at": event.at, "attempt": event.attempt}


def event_data(event: Event) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": rfc3339(event.at), "attempt": event.attempt}
