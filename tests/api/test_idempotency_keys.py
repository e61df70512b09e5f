"""Every ``POST`` that creates, sent fifty times at once with one key, and with an answer that is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from normlab.settings import Settings
from normlab.store import Comparison, Database, FailureCode, Job
from normlab.store.jobs import endings
from support.cut_connections import cut_connections
from support.problems import assert_problem
from support.serving import serving

REQUESTS = 50
BODY = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 1}}
ANOTHER_BODY = "this Idempotency-Key was used before with another body; use a new key for a new request"


def body_of_comparison(base_seed: int) -> dict[str, object]:
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits"}}
        for name in ("baseline", "batch_norm")
    ]
    return {"arms": arms, "replicates": 2, "base_seed": base_seed, "fresh": True}


def at_once(post: Callable[[], httpx.Response]) -> list[httpx.Response]:
    together = threading.Barrier(REQUESTS)

    def send(_: int) -> httpx.Response:
        together.wait()
        return post()

    with ThreadPoolExecutor(REQUESTS) as pool:
        return list(pool.map(send, range(REQUESTS)))


def count(service, table: type) -> int:
    with service.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def failed(service) -> str:
    job = service.start()
    with service.database.write() as session:
        endings.fail(session, job.id, 1, FailureCode.DATASET_ERROR, "no files")
    return str(job.id)


@pytest.mark.parametrize("kind", ["job", "comparison", "retry"])
def test_fifty_requests_at_once_create_once_and_get_one_answer(service, http, failed, kind):
    path, body, other = {
        "job": ("/jobs", BODY, BODY | {"name": "other"}),
        "comparison": ("/comparisons", body_of_comparison(1), body_of_comparison(2)),
        "retry": (f"/jobs/{failed}/retry", None, None),
    }[kind]
    jobs, comparisons = count(service, Job), count(service, Comparison)
    headers = {"Idempotency-Key": uuid4().hex}
    with httpx.Client(
        base_url=http.base_url, timeout=60, limits=httpx.Limits(max_connections=REQUESTS)
    ) as many:
        answers = at_once(lambda: many.post(path, json=body, headers=headers))
    assert {answer.status_code for answer in answers} == {202}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert len({answer.headers.get("location") for answer in answers}) == 1
    made = {"job": (1, 0), "comparison": (4, 1), "retry": (0, 0)}[kind]
    assert (count(service, Job) - jobs, count(service, Comparison) - comparisons) == made
    refused = (
        http.post(path, json=other, headers=headers)
        if other
        else http.post("/jobs", json=BODY, headers=headers)
    )
    assert_problem(refused, 422, "idempotency_key_reused", ANOTHER_BODY)
    assert (count(service, Job) - jobs, count(service, Comparison) - comparisons) == made
    if kind == "retry":
        reasons = [step["reason"] for step in http.get(f"/jobs/{failed}").json()["history"]]
        assert reasons == ["created", "claimed", "dataset_error", "retried"]


def test_a_key_gets_the_job_whose_answer_was_lost(
    postgres_database: Database, broker_url: str, tmp_path: Path
):
    headers = {"Idempotency-Key": uuid4().hex}
    with cut_connections(postgres_database) as (database, way):
        settings = Settings(
            data_dir=tmp_path,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=broker_url,
            maintenance_seconds=3600,
        )
        with serving(settings) as http:
            assert http.get("/jobs").status_code == 200
            way.lose(1)
            assert_problem(http.post("/jobs", json=BODY, headers=headers), 503, "database_unavailable", "")
            again = http.post("/jobs", json=BODY, headers=headers)
            assert again.status_code == 202
            listed = [job["id"] for job in http.get("/jobs").json()["data"]]
    assert listed == [again.json()["id"]]


def test_the_key_of_a_deleted_job_makes_a_new_one(http):
    """It was answered with the document of the deleted one for a week."""
    headers = {"Idempotency-Key": "of a deleted job"}
    first = http.post("/jobs", json={"architecture": "baseline"}, headers=headers).json()["id"]
    http.post(f"/jobs/{first}/cancel")
    assert http.delete(f"/jobs/{first}").status_code == 204
    second = http.post("/jobs", json={"architecture": "baseline"}, headers=headers).json()["id"]
    assert second != first
    assert http.get(f"/jobs/{second}").json()["state"] == "queued"
