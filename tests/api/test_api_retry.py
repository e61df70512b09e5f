"""Retrying, priorities, and what a waiting job says about its place."""

import socket

import pytest

from normlab.runtime import notifier
from normlab.store import ArtifactKind, FailureCode, WarningCode
from normlab.store.jobs import endings, reports, workers
from support.problems import assert_problem

BODY = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 1}}


@pytest.fixture
def failed(service):
    job = service.start()
    service.report(job, epoch=1)
    with service.database.write() as session:
        endings.fail(session, job.id, 1, FailureCode.DISK_FULL, "the disk is full")
    return job.id


def test_a_failed_job_waits_again_and_keeps_its_history(http, failed):
    response = http.post(f"/jobs/{failed}/retry")
    assert response.status_code == 202
    job = response.json()
    assert (job["state"], job["error"], job["finished_at"], job["attempt"]) == ("queued", None, None, 1)
    assert [step["reason"] for step in job["history"]] == ["created", "claimed", "disk_full", "retried"]
    assert http.get(f"/jobs/{failed}/metrics").json()["epochs"] == []


def test_a_job_that_has_not_failed_cannot_be_retried(http, service):
    for job, state in ((service.create(), "queued"), (service.succeeded(), "succeeded")):
        sentence = f"job {job.id} is {state}; only a failed or cancelled job can be retried"
        assert_problem(http.post(f"/jobs/{job.id}/retry"), 409, "wrong_state", sentence)


def test_a_waiting_job_says_its_place(http, service):
    with service.database.write() as session:
        workers.announce(session, "host/1/1", has_gpu=False)
    last = http.post("/jobs", json=BODY | {"priority": -10, "max_runtime_seconds": 60}).json()
    first = http.post("/jobs", json=BODY | {"priority": 10}).json()
    assert (first["position"], first["waiting_for"]) == (1, "its turn")
    assert last["position"] > 1
    assert (last["spec"]["priority"], last["spec"]["max_runtime_seconds"]) == (-10, 60)
    assert first["spec_digest"] == last["spec_digest"]
    on_gpu = http.post("/jobs", json=BODY | {"resources": {"device": "gpu"}}).json()
    assert on_gpu["waiting_for"] == "a worker with a GPU: none is there"
    by_id = {job["id"]: job for job in http.get("/jobs", params={"limit": 10}).json()["data"]}
    assert by_id[first["id"]]["position"] == 1
    assert http.post(f"/jobs/{first['id']}/cancel").json()["position"] is None


def test_no_answer_waits_for_a_broker_that_is_silent(serve, sqlite_database, tmp_path, monkeypatch):
    monkeypatch.setattr(notifier, "NOTIFY_SECONDS", 60.0)
    path = tmp_path / "redis.sock"
    url = sqlite_database.url.render_as_string(hide_password=False)
    with (
        serve(data_dir=tmp_path, database_url=url, broker_url=f"redis+socket://{path}") as http,
        socket.socket(socket.AF_UNIX) as silent,
    ):
        silent.bind(str(path))
        silent.listen()
        http.timeout = 20
        job = http.post("/jobs", json=BODY).json()["id"]
        assert http.post(f"/jobs/{job}/cancel").status_code == 202
        assert http.post(f"/jobs/{job}/retry").status_code == 202
        arms = [{"name": name, "spec": BODY | {"architecture": name}} for name in ("baseline", "batch_norm")]
        assert http.post("/comparisons", json={"arms": arms, "replicates": 2}).status_code == 202


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("priority", 11, "should be less than or equal to 10, not 11"),
        ("priority", -11, "should be greater than or equal to -10, not -11"),
        ("priority", 0.5, "should be a whole number, not 0.5"),
        ("max_runtime_seconds", 0, "should be greater than 0, not 0"),
        ("max_runtime_seconds", 1e9, "should be less than or equal to 2678400"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(http, field, value, sentence):
    problem = assert_problem(http.post("/jobs", json=BODY | {field: value}), 422, "invalid_spec", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]


def test_what_went_wrong_on_the_way_is_told(http, service):
    job = service.start()
    with service.database.write() as session:
        reports.report_warning(session, job.id, 1, WarningCode.CHECKPOINT_DAMAGED, "it was cut off")
    (warning,) = http.get(f"/jobs/{job.id}").json()["warnings"]
    assert (warning["code"], warning["detail"], warning["attempt"]) == (
        "checkpoint_damaged",
        "it was cut off",
        1,
    )
    assert http.get(f"/jobs/{job.id}/metrics").json()["warnings"] == [warning]


def test_cancelling_a_job_that_was_put_back_deletes_what_its_attempt_left(http, service):
    job = service.create()
    source = service.folder / "half.onnx"
    source.write_bytes(b"half")
    left = service.artifacts.put(job.id, 1, ArtifactKind.ONNX, source, "application/octet-stream")
    assert (service.folder / "artifacts" / left.path).exists()
    assert http.post(f"/jobs/{job.id}/cancel").json()["state"] == "cancelled"
    assert not (service.folder / "artifacts" / job.id).exists()
