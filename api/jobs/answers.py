"""Answers about jobs, written directly: what the service has stored itself is not checked a second time.

The bytes are those that ``JobDocument`` and ``MetricsDocument`` would be written as, which a test compares.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from api.http.root_path import address
from normlab.documents.base import Document
from normlab.documents.environments import JobDigests, JobEnvironment
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobLinks, JobProgress, JobResult, JobTimings
from normlab.documents.states import JobState
from normlab.spec.epochs import known_fields
from normlab.store import Database
from normlab.store.clock import Moment, moment
from normlab.store.jobs import answer_rows, queue
from normlab.store.jobs.answer_rows import EPOCH_COLUMNS, JobAnswer
from normlab.store.jobs.queue import Place
from normlab.store.prepared import Transaction

_LINKS = [name for name in JobLinks.model_fields if name != "self"]
_REMEMBERED = 4096
"""Parts of documents, of some hundred bytes each."""


def write_job(database: Database, job_id: str) -> bytes:
    """One job.

    Raises:
        NotFoundError: there is none.
    """
    with database.glancing() as where:
        job = answer_rows.job(where, job_id)
    if job.state != JobState.QUEUED:
        return to_json(job_document(job, None, address(f"/jobs/{job_id}")))
    with database.reading() as where:  # again, at the moment at which its place is looked for
        (document,) = _documents(where, [answer_rows.job(where, job_id)])
    return to_json(document)


def write_jobs(where: Transaction, job_ids: Sequence[str], following: str | None) -> bytes:
    """A page of a list; ``following`` is the cursor of the next one."""
    documents = _documents(where, answer_rows.jobs(where, job_ids))
    return to_json({"data": documents, "has_more": following is not None, "next": following})


def to_json(document: dict[str, Any]) -> bytes:
    """A document as bytes; NaN becomes null."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def metrics_document(where: Transaction, job_id: str) -> dict[str, Any]:
    """A job's epochs in order, with their sums.

    Raises:
        NotFoundError: there is no such job.
    """
    job = answer_rows.metrics(where, job_id)
    rows = answer_rows.epochs(where, job_id)
    epochs = [known_fields(dict(zip(EPOCH_COLUMNS, row, strict=True))) for row in rows]
    for epoch in epochs:
        epoch["recorded_at"] = _moment(epoch["recorded_at"])
    return {
        "job": job_id,
        "state": job.state,
        "kept_epoch": orjson.loads(job.result).get("kept_epoch") if job.result else None,
        "warnings": [*_warnings(_in_order(job.told))],
        "epochs": epochs,
        "totals": {
            "epochs": len(epochs),
            "train_seconds": float(sum(epoch["train_seconds"] for epoch in epochs)),
            "evaluate_seconds": float(sum(epoch["evaluate_seconds"] for epoch in epochs)),
            "run_seconds": epochs[-1]["elapsed_seconds"] if epochs else 0.0,
        },
    }


def _documents(where: Transaction, jobs: Sequence[JobAnswer]) -> list[dict[str, Any]]:
    waiting = [job.id for job in jobs if job.state == JobState.QUEUED]
    places = queue.places(where, waiting) if waiting else {}
    return [job_document(job, places.get(job.id), address(f"/jobs/{job.id}")) for job in jobs]


def job_document(job: JobAnswer, place: Place | None, url: str) -> dict[str, Any]:
    """One job, with ``datetime`` and parts that are written already: for ``to_json``."""
    failed = job.state == JobState.FAILED and job.error_code is not None
    told = _in_order(job.told)
    return {
        "id": job.id,
        "name": job.name,
        "tags": [tag for _, tag in _in_order(job.tags)],
        "state": job.state,
        "created_at": _moment(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "spec": orjson.loads(job.spec),
        "spec_digest": job.spec_digest,
        "arm_digest": job.arm_digest,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "position": place and place.position,
        "waiting_for": place and place.waiting_for,
        "estimated_start_at": place and _moment(place.estimated_start_at),
        "progress": _written(JobProgress, job.progress) if job.state == JobState.RUNNING else None,
        "result": _part(JobResult, job.result),
        "timings": _part(JobTimings, job.timings),
        "error": {"code": job.error_code, "detail": job.error_detail or ""} if failed else None,
        "environment": _part(JobEnvironment, job.environment),
        "digests": _part(JobDigests, job.digests),
        "history": [
            {"state": data["state"], "at": _moment(at), "attempt": attempt, "reason": data["reason"]}
            for _, kind, at, attempt, data in told
            if kind == EventKind.STATE
        ],
        "warnings": [*_warnings(told)],
        "links": {"self": url, **{name: f"{url}/{name}" for name in _LINKS}},
    }


def _in_order(rows: str) -> list[Any]:
    found: list[Any] = orjson.loads(rows)
    found.sort(key=lambda row: row[0])
    return found


def _warnings(told: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for _, kind, at, attempt, data in told:
        if kind == EventKind.WARNING:
            yield {"code": data["code"], "detail": data["detail"], "at": _moment(at), "attempt": attempt}


def _moment(given: Moment | None) -> datetime | None:
    return None if given is None else moment(given)


def _written(kind: type[Document], stored: str | None) -> orjson.Fragment | None:
    """A part of a document, which workers of any version stored: with all its fields, and no others."""
    if stored is None or stored == "null":
        return None
    return orjson.Fragment(kind.model_validate(orjson.loads(stored)).model_dump_json())


_part = lru_cache(maxsize=_REMEMBERED)(_written)
"""Of a job that has ended. What is remembered depends on the text alone, which the database has just given."""
