"""Rows of the store -> the documents that the API answers with."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.http.root_path import address
from normlab.documents.jobs import (
    JobDocument,
    JobError,
    JobLinks,
    JobProgress,
    JobResult,
    JobTimings,
    JobWarning,
    StateChange,
)
from normlab.documents.metrics import EpochDocument, MetricsDocument, MetricTotals
from normlab.store import Event, EventKind, Job, JobState
from normlab.store.jobs import events, queue, reports
from normlab.store.jobs.queue import Place


def job_document(session: Session, job: Job) -> JobDocument:
    """One job with its history."""
    return job_documents(session, [job])[0]


def job_documents(session: Session, jobs: Sequence[Job]) -> list[JobDocument]:
    """Several jobs; what belongs to all of them is read at once."""
    told = (EventKind.STATE, EventKind.WARNING)
    histories = events.histories(session, [job.id for job in jobs], told)
    waiting = [job.id for job in jobs if job.state is JobState.QUEUED]
    places = queue.places(session, waiting) if waiting else {}
    return [_job_document(job, histories[job.id], places.get(job.id)) for job in jobs]


def job_url(job_id: str) -> str:
    """Where a job is."""
    return address(f"/jobs/{job_id}")


def _job_document(job: Job, history: Sequence[Event], place: Place | None) -> JobDocument:
    error = None
    if job.state is JobState.FAILED and job.error_code is not None:
        error = JobError(code=job.error_code, detail=job.error_detail or "")
    return JobDocument(
        id=job.id,
        name=job.name,
        tags=[tag.tag for tag in job.tags],
        state=job.state,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        spec=job.spec,
        spec_digest=job.spec_digest,
        arm_digest=job.arm_digest,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        position=place and place.position,
        waiting_for=place and place.waiting_for,
        estimated_start_at=place and place.estimated_start_at,
        progress=_progress(job),
        result=None if job.result is None else JobResult.model_validate(job.result),
        timings=None if job.timings is None else JobTimings.model_validate(job.timings),
        error=error,
        environment=job.environment,
        digests=job.digests,
        history=[_state_change(event) for event in history if event.kind is EventKind.STATE],
        warnings=[_warning(event) for event in history if event.kind is EventKind.WARNING],
        links=_links(job_url(job.id)),
    )


def _progress(job: Job) -> JobProgress | None:
    if job.state is not JobState.RUNNING or job.progress is None:
        return None
    return JobProgress.model_validate(job.progress)


def _state_change(event: Event) -> StateChange:
    return StateChange(
        state=event.data["state"], at=event.at, attempt=event.attempt, reason=event.data["reason"]
    )


def _warning(event: Event) -> JobWarning:
    return JobWarning(
        code=event.data["code"], detail=event.data["detail"], at=event.at, attempt=event.attempt
    )


def _links(job: str) -> JobLinks:
    return JobLinks(
        self=job,
        metrics=f"{job}/metrics",
        events=f"{job}/events",
        model=f"{job}/model",
        predict=f"{job}/predict",
        cancel=f"{job}/cancel",
        retry=f"{job}/retry",
    )


def metrics_document(session: Session, job: Job) -> MetricsDocument:
    """A job's epochs, in order, with their sums."""
    epochs = reports.epochs(session, job.id)
    warnings = events.histories(session, [job.id], (EventKind.WARNING,))[job.id]
    return MetricsDocument(
        job=job.id,
        state=job.state,
        kept_epoch=(job.result or {}).get("kept_epoch"),
        warnings=[_warning(event) for event in warnings],
        epochs=[EpochDocument.model_validate(epoch) for epoch in epochs],
        totals=MetricTotals(
            epochs=len(epochs),
            train_seconds=sum(epoch.train_seconds for epoch in epochs),
            evaluate_seconds=sum(epoch.evaluate_seconds for epoch in epochs),
            run_seconds=epochs[-1].elapsed_seconds if epochs else 0.0,
        ),
    )


def event_data(event: Event) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": event.at.isoformat().replace("+00:00", "Z"), "attempt": event.attempt}
