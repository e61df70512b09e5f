import base64
import json
import re
import time
from itertools import count
from uuid import uuid4

import pytest
import redis

from normlab.store import FailureCode
from normlab.store.jobs import endings, events, reports
from support.problems import assert_problem

BODY = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 1}}


def test_a_submitted_job_is_stored_when_the_answer_comes(http):
    response = http.post("/jobs", json=BODY | {"name": "first", "tags": ["a", "b"]})
    assert response.status_code == 202
    job = response.json()
    assert re.fullmatch(r"job_[0-9a-z]{26}", job["id"])
    assert response.headers["location"] == f"/jobs/{job['id']}"
    assert http.get(response.headers["location"]).json() == job
    assert (job["state"], job["name"], job["tags"], job["attempt"]) == ("queued", "first", ["a", "b"], 0)
    assert job["spec"]["training"]["batch_size"] == 32
    assert [(step["state"], step["attempt"]) for step in job["history"]] == [("queued", 0)]
    assert job["created_at"].endswith("Z")
    for absent in ("started_at", "finished_at", "progress", "result", "timings", "error"):
        assert job[absent] is None
    for link in ("self", "metrics"):
        assert http.get(job["links"][link]).status_code == 200


def test_what_makes_learning_hard_is_said_before_and_when_a_job_is_stored(service, http):
    layers = [{"type": "flatten"}, {"type": "dense", "units": 2}, {"type": "layer_normalization"}]
    body = BODY | {
        "architecture": {"layers": [*layers, {"type": "batch_normalization"}]},
        "dataset": {"name": "digits", "training_samples": 65},
    }
    validated = http.post("/jobs?validate_only=true", json=body).json()
    assert [warning["pointer"] for warning in validated["warnings"]] == [
        "/architecture/layers/2",
        "/training/batch_size",
    ]
    job = http.post("/jobs", json=body).json()
    assert [warning["code"] for warning in job["warnings"]] == ["hard_to_learn"] * 2
    assert "over two values" in job["warnings"][0]["detail"]
    with service.database.read() as session:
        numbers = [event.number for event in events.after(session, job["id"])]
    assert numbers == [1, 2, 3]
    assert http.post("/jobs", json=BODY).json()["warnings"] == []


def test_workers_are_notified_of_a_submitted_job(service, http):
    job_id = http.post("/jobs", json=BODY).json()["id"]
    with redis.Redis(unix_socket_path=str(service.broker.socket_path)) as client:
        until = time.monotonic() + 30
        while not (told := [body for body in _messages(client) if job_id in body]):
            assert time.monotonic() < until
            time.sleep(0.01)
    assert len(told) == 1


def _messages(client: redis.Redis) -> list[str]:
    """What the messages hold that wait for a worker."""
    waiting = client.lrange("train", 0, -1)
    return [base64.b64decode(json.loads(message)["body"]).decode() for message in waiting]


def test_validating_stores_nothing(http):
    tag = uuid4().hex
    response = http.post("/jobs?validate_only=true", json=BODY | {"tags": [tag]})
    assert response.status_code == 200
    assert "location" not in response.headers
    validated = response.json()
    assert validated["spec"]["training"]["optimizer"]["name"] == "sgd"
    assert validated["spec_digest"].startswith("sha256:")
    assert validated["estimate"]["parameters"] == 8 * 8 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10
    assert http.get("/jobs", params={"tag": tag}).json()["data"] == []


@pytest.mark.parametrize("query", ["", "?validate_only=true"])
@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        ({}, "/architecture", "is required"),
        ({"architecture": "baselin"}, "/architecture", 'did you mean "baseline"?'),
        (BODY | {"training": {"epochs": 0}}, "/training/epochs", "greater than 0"),
        (BODY | {"colour": 1}, "/colour", "is not known here"),
        ([], "", "should be an object"),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_pointer(http, query, body, pointer, sentence):
    problem = assert_problem(http.post(f"/jobs{query}", json=body), 422, "invalid_spec", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_nan_is_refused_with_a_pointer(http):
    body = b'{"architecture": "baseline", "training": {"optimizer": {"name": "sgd", "learning_rate": NaN}}}'
    response = http.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 422, "invalid_spec", "finite number")
    assert problem["errors"][0]["pointer"] == "/training/optimizer/learning_rate"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"9" * 5000])
def test_a_body_that_is_no_json_is_refused(http, body):
    response = http.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, 400, "bad_request", "the body is not valid JSON")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(http, kind):
    response = http.post("/jobs", content=b"{}", headers={"Content-Type": kind})
    assert_problem(response, 415, "unsupported_media_type", "Content-Type: application/json")


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_text_that_no_database_can_keep_is_refused(http, name):
    body = b'{"architecture": "baseline", "name": "' + name.encode("unicode_escape") + b'"}'
    body = body.replace(b"\\x00", b"\\u0000")
    response = http.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    problem = assert_problem(response, 422, "invalid_spec")
    assert problem["errors"][0]["pointer"] == "/name"
    assert "Input" not in problem["detail"]  # pydantic's words are for programmers


def test_the_same_idempotency_key_gets_the_first_answer_again(http):
    tag = uuid4().hex
    body = BODY | {"tags": [tag]}
    headers = {"Idempotency-Key": uuid4().hex}
    first = http.post("/jobs", json=body, headers=headers)
    again = http.post("/jobs", json=body, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert len(http.get("/jobs", params={"tag": tag}).json()["data"]) == 1
    other = http.post("/jobs", json=body | {"name": "other"}, headers=headers)
    assert_problem(other, 422, "idempotency_key_reused", "use a new key for a new request")


def test_an_idempotency_key_of_a_refused_job_can_be_used_again(http):
    headers = {"Idempotency-Key": uuid4().hex}
    assert http.post("/jobs", json={}, headers=headers).status_code == 422
    assert http.post("/jobs", json=BODY, headers=headers).status_code == 202


def test_jobs_are_listed_newest_first_in_pages(service, http):
    tag = uuid4().hex
    made = [service.create(tags=[tag]).id for _ in range(5)]
    response = http.get("/jobs", params={"tag": tag, "limit": 2})
    listed = []
    for turn in count(1):
        page = response.json()
        listed += [job["id"] for job in page["data"]]
        assert page["has_more"] == (turn < 3) == (page["next"] is not None)
        if not page["has_more"]:
            assert "link" not in response.headers
            break
        service.create(tags=[tag])  # what comes in meanwhile shifts nothing
        by_cursor = http.get("/jobs", params={"tag": tag, "limit": 2, "cursor": page["next"]})
        response = http.get(response.links["next"]["url"])
        assert response.json() == by_cursor.json()
    assert listed == made[::-1]


def test_jobs_are_filtered_by_state_tags_and_name(service, http):
    tag = uuid4().hex
    queued = service.create(tags=[tag, "x"], name="one & only").id
    running = service.start(tags=[tag]).id

    def listed(**query: object) -> list[str]:
        return [job["id"] for job in http.get("/jobs", params={"tag": tag, **query}).json()["data"]]

    assert listed() == [running, queued]
    assert listed(state="running") == [running]
    assert listed(state=["running", "queued"]) == [running, queued]
    assert listed(state="failed") == []
    assert listed(name="one & only") == [queued]
    assert listed(tag=[tag, "x"]) == [queued]
    assert listed(id=queued[-8:], sort="oldest", dataset="digits", preset="baseline") == [queued]
    assert listed(sort="oldest") == [queued, running]
    paged = http.get("/jobs", params={"tag": tag, "sort": "test_accuracy", "limit": 1})
    assert http.get(paged.links["next"]["url"]).json()["data"][0]["id"] == queued
    misspelled = http.get("/jobs", params={"preset": "batchnorm"})
    assert_problem(misspelled, 422, "invalid_request", 'no preset "batchnorm" (did you mean "batch_norm"?)')
    gone = http.get("/jobs", params={"sort": "test_accuracy", "cursor": UNKNOWN})
    assert_problem(gone, 404, "not_found", "begin without a cursor")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "state=done",
        "cursor=x",
        "name=%00",
        "tag=%00",
        "cursor=%00",
        "id=%25",
        "sort=x",
        "preset=nope",
        "preset=",
    ],
)
def test_bad_filters_are_refused(http, query):
    name = query.partition("=")[0]
    assert_problem(http.get(f"/jobs?{query}"), 422, "invalid_request", f"query parameter `{name}")


UNKNOWN = "job_" + "0" * 26


@pytest.mark.parametrize("job_id", [UNKNOWN, "x", "%00", "job_" + "U" * 26, "job_" + "0" * 300])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("GET", "/metrics"),
        ("GET", "/events"),
        ("GET", "/model"),
        ("GET", "/model/onnx"),
        ("POST", "/predict"),
    ],
)
def test_a_job_that_is_not_there_is_404(http, job_id, method, path):
    options = {"json": {"instances": [[0]]}} if path == "/predict" else {}
    response = http.request(method, f"/jobs/{job_id}{path}", **options)
    assert_problem(response, 404, "not_found", "there is no job")


def test_a_queued_job_is_cancelled_at_once(service, http):
    job = service.create()
    response = http.post(f"/jobs/{job.id}/cancel")
    assert (response.status_code, response.json()["state"]) == (202, "cancelled")
    again = http.post(f"/jobs/{job.id}/cancel")
    assert (again.status_code, again.json()) == (200, response.json())


def test_a_running_job_is_asked_to_stop(service, http):
    job = service.start()
    for _ in range(2):
        response = http.post(f"/jobs/{job.id}/cancel")
        assert (response.status_code, response.json()["state"]) == (202, "running")
    service.finish(job)
    assert http.get(f"/jobs/{job.id}").json()["state"] == "cancelled"


def test_a_job_that_is_over_cannot_be_cancelled(service, http):
    job = service.succeeded()
    assert_problem(http.post(f"/jobs/{job.id}/cancel"), 409, "wrong_state", "has already succeeded")


def test_a_failed_job_says_why(service, http):
    job = service.start()
    with service.database.write() as session:
        endings.fail(session, job.id, job.attempt, FailureCode.NAN_LOSS, "the loss became NaN in epoch 1")
    document = http.get(f"/jobs/{job.id}").json()
    assert document["state"] == "failed"
    assert document["error"] == {"code": "nan_loss", "detail": "the loss became NaN in epoch 1"}
    assert [step["reason"] for step in document["history"]] == ["created", "claimed", "nan_loss"]


def test_a_running_job_shows_its_progress(service, http):
    job = service.start()
    progress = {
        "phase": "training",
        "epoch": 1,
        "epochs": 2,
        "step": 3,
        "steps": 21,
        "loss": 2.1,
        "fraction": 0.1,
    }
    with service.database.write() as session:
        reports.report_progress(session, job.id, job.attempt, progress, remaining_seconds=60)
    shown = http.get(f"/jobs/{job.id}").json()["progress"]
    assert shown.pop("estimated_end_at").endswith("Z")
    assert shown == progress
    service.finish(job)
    assert http.get(f"/jobs/{job.id}").json()["progress"] is None


def test_a_deleted_job_is_gone_with_its_files(service, http):
    job = service.succeeded()
    stored = service.folder / "artifacts" / job.id
    assert stored.is_dir()
    response = http.delete(f"/jobs/{job.id}")
    assert (response.status_code, response.content) == (204, b"")
    assert not stored.exists()
    assert_problem(http.get(f"/jobs/{job.id}/metrics"), 404, "not_found")
    assert_problem(http.delete(f"/jobs/{job.id}"), 404, "not_found")


def test_a_running_job_cannot_be_deleted(service, http):
    job = service.start()
    assert_problem(http.delete(f"/jobs/{job.id}"), 409, "wrong_state", "cancel it first")


def test_a_job_is_accepted_while_the_broker_is_away(tmp_path, sqlite_database, serve):
    with serve(
        data_dir=tmp_path,
        database_url=sqlite_database.url.render_as_string(hide_password=False),
        broker_url=f"redis+socket://{tmp_path}/nobody.sock",
    ) as http:
        assert http.post("/jobs", json=BODY).status_code == 202
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["database"] == "ok"
        assert "does not answer" in ready.json()["checks"]["broker"]


def test_a_database_that_is_away_is_503(tmp_path, broker_url, serve):
    url = f"postgresql://nobody@/normlab?host={tmp_path}"
    with serve(data_dir=tmp_path, database_url=url, broker_url=broker_url) as http:
        response = http.post("/jobs", json=BODY)
        problem = assert_problem(response, 503, "database_unavailable", "the database does not answer")
        assert str(tmp_path) not in str(problem)
        assert response.headers["retry-after"] == "2"
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").json()["checks"]["database"] == "does not answer"


def test_more_tags_than_a_job_can_have_are_refused(service, http):
    job = service.create(tags=[f"tag-{number}" for number in range(32)])
    found = http.get("/jobs", params={"tag": job.tag_names}).json()["data"]
    assert [item["id"] for item in found] == [job.id]
    repeated = http.get("/jobs", params={"tag": ["tag-0"] * 32}).json()["data"]
    assert [item["id"] for item in repeated] == [job.id]
    for query in ({"tag": [f"tag-{number}" for number in range(500)]}, {"state": ["queued"] * 500}):
        assert_problem(http.get("/jobs", params=query), 422, "invalid_request", "at most")
