"""Answers about jobs are written directly. Here they are compared with what their documents are written as."""

import math
from uuid import uuid4

import pytest

from api.jobs.documents import job_document
from normlab.documents.jobs import JobDocument, JobList, JobWarning
from normlab.documents.metrics import EpochDocument, MetricsDocument, MetricTotals
from normlab.spec.epochs import EpochMetrics
from normlab.store import EventKind, FailureCode, JobState, WarningCode
from normlab.store.jobs import endings, events, jobs, leases, reports

PROGRESS = {
    "phase": "training",
    "epoch": 1,
    "epochs": 3,
    "step": 7,
    "steps": 1719,
    "loss": 1e-05,
    "fraction": 0.1,
}


@pytest.fixture
def made(service):
    """A job in every state, and with all that a job may have, under one tag."""
    tag = uuid4().hex
    common = {"tags": [tag, "ä</script>"], "name": "übung \U0001f600"}
    queued = service.create(**common, architecture="batch_norm", dataset="digits")
    running = service.start(tags=[tag])
    cancelled = service.create(tags=[tag])
    failed = service.start(tags=[tag])
    old = service.start(tags=[tag])
    succeeded = service.succeeded(**common, training={"optimizer": {"name": "sgd", "learning_rate": 1e-07}})
    with service.database.write() as session:
        reports.report_progress(session, running.id, 1, PROGRESS, remaining_seconds=3.25)
        reports.report_warning(session, running.id, 1, WarningCode.EXPORT_FAILED, 'it said "no"')
        leases.release(session, failed.id, 1)
        leases.claim(session, failed.id, worker="w", lease_seconds=60)
        reports.report_epoch(session, failed.id, 2, epoch(1, loss=math.nan, val_loss=None))
        reports.report_epoch(session, failed.id, 2, epoch(2, loss=1e300, val_loss=math.inf))
        endings.fail(
            session, failed.id, 2, FailureCode.NAN_LOSS, "it became nan", timings={"waiting_seconds": 3}
        )
        jobs.request_cancel(session, cancelled.id)
        result = {"epochs": 2, "stop_reason": "completed", "best_epoch": None, "best_val_accuracy": None,
                  "test_loss": 1, "test_accuracy": 0, "reached_target_at_epoch": None, "train_seconds": 3}  # fmt: skip
        environment = {"python": "3", "later": {"b": 1, "a": [1e22]}, "load": {"core_share": 1}}
        endings.finish(session, old.id, 1, endings.Outcome(result, {}, environment, {"x": "y"}, []))
    return tag, [job.id for job in (queued, running, cancelled, failed, old, succeeded)]


def epoch(number, **figures):
    return EpochMetrics.model_validate(
        {
            "epoch": number,
            "learning_rate": 1e-7,
            "loss": 0.5,
            "accuracy": 0.0,
            "val_loss": 0.6,
            "train_seconds": 2,
            "evaluate_seconds": 0.1 + 0.2,
            "compile_seconds": 0.0,
            "elapsed_seconds": 3.0 * number,
            **figures,
        }
    )


def test_a_job_and_a_list_are_those_of_their_documents(service, http, made):
    tag, ids = made
    with service.database.read() as session:
        documents = [job_document(session, jobs.get(session, job_id)) for job_id in ids]
    assert {document.state for document in documents} == set(JobState)
    for document in documents:
        answer = http.get(f"/jobs/{document.id}")
        assert answer.headers["content-type"] == "application/json"
        assert answer.text == document.model_dump_json()
        assert answer.text == JobDocument.model_validate_json(answer.content).model_dump_json()
    page = http.get("/jobs", params={"tag": tag, "sort": "oldest", "limit": 4})
    listed = JobList(data=documents[:4], has_more=True, next=ids[3])
    assert page.text == listed.model_dump_json()
    rest = http.get(page.links["next"]["url"])
    assert rest.text == JobList(data=documents[4:], has_more=False, next=None).model_dump_json()
    assert http.get(f"/jobs?tag={uuid4().hex}").text == '{"data":[],"has_more":false,"next":null}'


def test_metrics_are_those_of_their_document(service, http, made):
    for job_id in made[1]:
        with service.database.read() as session:
            document = metrics(session, jobs.get(session, job_id))
        assert http.get(f"/jobs/{job_id}/metrics").text == document.model_dump_json()


def metrics(session, job):
    epochs = [EpochDocument.model_validate(row) for row in reports.epochs(session, job.id)]
    told = events.histories(session, [job.id], (EventKind.WARNING,))[job.id]
    return MetricsDocument(
        job=job.id,
        state=job.state,
        kept_epoch=(job.result or {}).get("kept_epoch"),
        warnings=[JobWarning(**item.data, at=item.at, attempt=item.attempt) for item in told],
        epochs=epochs,
        totals=MetricTotals(
            epochs=len(epochs),
            train_seconds=sum(item.train_seconds for item in epochs),
            evaluate_seconds=sum(item.evaluate_seconds for item in epochs),
            run_seconds=epochs[-1].elapsed_seconds if epochs else 0.0,
        ),
    )
