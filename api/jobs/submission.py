"""``POST /jobs``, on the direct lane: what comes at the same time is stored together, since scripts submit hundreds."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.bodies import parse_json, refuse_other_than_json
from api.http.fast_lane import (
    JSON,
    Answer,
    DirectRequest,
    DirectRoute,
    operation,
    query_parameters,
    read_options,
    schema_of,
)
from api.http.idempotency import KEY_PARAMETER, digest_of, read_key
from api.http.parameters import QueryFlag
from api.http.problems import error_answers
from api.http.services import Services
from api.jobs import examples
from api.jobs.answers import to_json
from api.jobs.documents import job_url, new_job_document
from normlab.documents.jobs import JobDocument, SpecWarning, ValidatedJob
from normlab.errors import IdempotencyError
from normlab.spec import Datasets, JobSpec, estimate, learning_warnings, parse_job_spec
from normlab.spec.muon import muon_warnings
from normlab.store import idempotency
from normlab.store.clock import rfc3339
from normlab.store.datasets.lookup import StoredDatasets
from normlab.store.driver import DriverTransaction
from normlab.store.jobs import creation, queue, workers

_QUICK_BYTES = 4 * 1024
"""Of a spec that is read on the event loop, in less than a millisecond."""


Asked = TypeVar("Asked")


class AskedOnTheLoopError(Exception):
    """A spec names an uploaded dataset, for which the database is to be asked, and not on the event loop."""


class _BuiltInOnly:
    def find(self, name: str, version: int | None) -> NoReturn:
        raise AskedOnTheLoopError(name, version)


BUILT_IN_ONLY: Datasets = _BuiltInOnly()
"""Looks no dataset up; it is not asked for built-in ones."""


class SubmitOptions(BaseModel):
    """The query's parameters."""

    validate_only: QueryFlag = Field(default=False, description="Only check the spec; store nothing.")


@dataclass(frozen=True)
class Submission:
    """A job to be stored, with what else its answer depends on."""

    new: creation.NewJob
    url: str
    key: str | None
    request_digest: str


async def submit_job(request: DirectRequest, body: bytes) -> Answer:
    """Store a job, or only check its spec."""
    options = read_options(request, SubmitOptions)
    key = read_key(request)
    refuse_other_than_json(request.media_type)
    read = partial(_validated if options.validate_only else _submission, request, body, key)
    asked = await _read(read, len(body), request.services)
    if isinstance(asked, ValidatedJob):
        return Answer(_json(asked.model_dump(mode="json")), JSON)
    document = await request.services.submissions.submit(asked)
    return Answer(
        _json(document),
        JSON,
        headers=((b"location", job_url(document["id"]).encode()),),
        status=202,
        then=partial(request.services.notifier.notify_soon, document["id"]),
    )


async def _read(read: Callable[[Datasets], Asked], size: int, services: Services) -> Asked:
    """What a body asks for; in a thread when it is large, or when its dataset is in the database."""
    if size <= _QUICK_BYTES:
        with suppress(AskedOnTheLoopError):
            return read(BUILT_IN_ONLY)
    return await run_in_threadpool(read, StoredDatasets(services.database))


def _submission(request: DirectRequest, body: bytes, key: str | None, datasets: Datasets) -> Submission:
    document = parse_json(body)
    settings = request.services.settings
    new = creation.NewJob.of(
        parse_job_spec(document, settings.limits, datasets), max_attempts=settings.max_attempts
    )
    return Submission(new, job_url(new.id), key, "" if key is None else digest_of(document))


def _validated(request: DirectRequest, body: bytes, _key: str | None, datasets: Datasets) -> ValidatedJob:
    spec = parse_job_spec(parse_json(body), request.services.settings.limits, datasets)
    said = (*learning_warnings(spec), *muon_warnings(spec))
    warnings = tuple(SpecWarning(pointer=warning.pointer, detail=warning.detail) for warning in said)
    return ValidatedJob(
        spec=spec.to_document(), spec_digest=spec.digest, estimate=estimate(spec), warnings=warnings
    )


def store(
    where: DriverTransaction, submissions: Sequence[Submission]
) -> list[dict[str, Any] | IdempotencyError]:
    """Store the jobs of requests that came together. Gives the document of each, or why its key is refused.

    Keys are reserved in one order: another process that has some of them waits, and never we for it as well.
    """
    documents: dict[str, dict[str, Any] | IdempotencyError] = {}
    fresh: list[Submission] = []
    repeated: list[Submission] = []
    for submission in sorted(submissions, key=lambda item: item.key or ""):
        if submission.key is None:
            fresh.append(submission)
        elif fresh and fresh[-1].key == submission.key:
            repeated.append(submission)
        elif (known := _known(where, submission.key, submission)) is not None:
            documents[submission.new.id] = known
        else:
            fresh.append(submission)
    documents |= _store(where, fresh)
    for submission in repeated:
        documents[submission.new.id] = _known(where, submission.key or "", submission) or {}
    return [documents[submission.new.id] for submission in submissions]


def _known(
    where: DriverTransaction, key: str, submission: Submission
) -> dict[str, Any] | IdempotencyError | None:
    """What a request with this key has been answered; None: it is the first, and has reserved the key."""
    try:
        return idempotency.begin(where, key, submission.request_digest)
    except IdempotencyError as error:
        return error


def _store(where: DriverTransaction, fresh: Sequence[Submission]) -> dict[str, dict[str, Any]]:
    if not fresh:
        return {}
    new = [submission.new for submission in fresh]
    force = workers.workforce(where)
    at = creation.store(where, new, at=force.at)
    places = queue.places_of(where, [queue.Waiting.of(job.row(at)) for job in new], force)
    documents = {
        submission.new.id: new_job_document(submission.new, at, submission.url, places[submission.new.id])
        for submission in fresh
    }
    for submission in fresh:
        if submission.key is not None:
            plain = documents[submission.new.id] = orjson.loads(to_json(documents[submission.new.id]))
            idempotency.remember(where, submission.key, plain)
    return documents


# As FastAPI writes all other documents; orjson writes some numbers in other words.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=rfc3339).encode


def _json(document: dict[str, Any]) -> bytes:
    return _encode(document).encode()


_LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}}
_DESCRIPTION = """\
Ask for a training run. `{"architecture": "baseline"}` is a whole request.

The answer comes when the job is stored; a worker takes it from there. What cannot be built or is too
large is refused with a pointer to each problem.\
"""

ROUTES = (
    DirectRoute(
        "/jobs",
        submit_job,
        operation=operation(
            summary="Submit a job",
            description=_DESCRIPTION,
            tag="jobs",
            operation_id="submit_job_jobs_post",
            parameters=[*query_parameters(SubmitOptions), KEY_PARAMETER],
            body={
                "required": True,
                "content": {
                    "application/json": {"schema": schema_of(JobSpec), "example": examples.FIRST_JOB}
                },
            },
            responses={
                200: {
                    "description": "With `validate_only`: the spec is in order.",
                    "content": {"application/json": {"schema": schema_of(ValidatedJob)}},
                },
                202: {
                    "description": "The job is stored and waits.",
                    "headers": _LOCATION,
                    "content": {"application/json": {"schema": schema_of(JobDocument)}},
                },
                **error_answers(400, 413, 415, 422, 503),
            },
        ),
    ),
)
