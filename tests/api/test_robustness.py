"""``/jobs/{id}/robustness``: asked for once, waited for, read again by the same question."""

from functools import partial

import pytest
from sqlalchemy import delete

from normlab.documents.robustness import PendingRobustness, RobustnessDocument
from normlab.spec.robustness import CorruptionName
from normlab.store.jobs import workers
from normlab.store.robustness import Robustness
from support.corrupted import NO_STATISTICS, answer_all, answers_of
from support.problems import assert_problem

SOME = {"corruptions": ["blur", "gaussian_noise"], "severities": [1, 5], "samples": 100, "seed": 7}


@pytest.fixture(autouse=True)
def nothing_of_other_tests(service):
    """The store is shared: what fuzzing has asked for would be answered first, and workers of others seem to run."""
    with service.database.write() as session:
        workers.keep(session, "", [])
        session.execute(delete(Robustness))


@pytest.fixture(scope="module")
def job(service):
    return service.succeeded(name="the notebook's")


@pytest.fixture
def answer(service):
    return partial(answer_all, service.database, service.artifacts, service.folder)


def test_a_network_is_asked_once_and_its_answer_read_again(http, service, answer):
    job = service.succeeded()
    path = f"/jobs/{job.id}/robustness"
    assert_problem(http.get(path, params=SOME), 404, "not_found", "ask with POST")
    first = http.post(path, json=SOME)
    assert first.status_code == 202
    assert int(first.headers["Retry-After"]) > 0
    assert PendingRobustness.read(first.content).jobs == (job.id,)
    assert "no worker runs" in first.json()["detail"]
    assert http.post(path, json=SOME).status_code == http.get(path, params=SOME).status_code == 202
    assert answer() == 1
    asked = http.post(path, json=SOME)
    read = http.get(path, params=SOME)
    assert asked.status_code == 200
    assert asked.content == read.content
    document = RobustnessDocument.read(read.content)
    assert [each.corruption for each in document.trained.corruptions] == [
        CorruptionName.GAUSSIAN_NOISE,
        CorruptionName.BLUR,
    ]
    assert (document.pictures.samples, document.pictures.test_samples, document.pictures.seed) == (
        100,
        360,
        7,
    )
    assert document.re_estimation.reason == NO_STATISTICS
    assert document.trained.mean.drop > 0.1
    again = http.get(path, params=SOME, headers={"If-None-Match": read.headers["ETag"]})
    assert again.status_code == 304
    # Another question is another answer.
    assert_problem(http.get(path), 404, "not_found", "ask with POST")
    assert http.post(path).status_code == 202
    assert answer(partial(answers_of, re_estimated=True)) == 1
    whole = RobustnessDocument.read(http.get(path).content)
    assert len(whole.trained.corruptions) == len(CorruptionName)
    assert whole.pictures.samples == 360
    assert whole.re_estimated is not None
    assert whole.re_estimated.mean.accuracy > whole.trained.mean.accuracy


def test_accuracy_by_severity_is_drawn(http, job, answer):
    path = f"/jobs/{job.id}/robustness"
    query = {"severities": [2, 4], "corruptions": ["blur", "jpeg"]}
    http.post(path, json=query)
    answer(partial(answers_of, re_estimated=True))
    chart = http.get(path, params=query, headers={"Accept": "application/vnd.vegalite+json"})
    assert chart.status_code == 200
    assert all(words in chart.text for words in ("blur", "jpeg", "re-estimated on the corrupted pictures"))
    image = http.post(path, json=query, headers={"Accept": "image/png"})
    assert image.content.startswith(b"\x89PNG")
    assert_problem(
        http.get(path, headers={"Accept": "text/plain"}), 406, "not_acceptable", "application/json"
    )


@pytest.mark.parametrize(
    ("body", "pointer", "phrase"),
    [
        ({"corruptions": ["fog"]}, "/corruptions/0", "gaussian_noise"),
        ({"corruptions": []}, "/corruptions", ""),
        ({"corruptions": ["blur", "blur"]}, "/corruptions", "twice"),
        ({"severities": [0]}, "/severities/0", "1"),
        ({"severities": [1, 6]}, "/severities/1", "5"),
        ({"severities": [1.5]}, "/severities/0", ""),
        ({"samples": 1}, "/samples", "2"),
        ({"samples": 10**7}, "/samples", "100"),
        ({"seed": -1}, "/seed", "0"),
        ({"severity": 3}, "/severity", ""),
    ],
)
def test_what_cannot_be_asked_is_pointed_at(http, job, body, pointer, phrase):
    problem = http.post(f"/jobs/{job.id}/robustness", json=body)
    assert problem.status_code == 422
    (found,) = problem.json()["errors"]
    assert found["pointer"] == pointer
    assert phrase in found["detail"]
    query = http.get(f"/jobs/{job.id}/robustness", params=body)
    assert query.status_code in (404, 422)


def test_who_has_no_network_or_no_pictures_is_told(http, service):
    running = service.start()
    for ask in (http.post, http.get):
        assert_problem(
            ask(f"/jobs/{running.id}/robustness"), 409, "wrong_state", "only a job that has succeeded"
        )
        assert ask("/jobs/job_01m82s1wb1q24ehcvbe50rewj3/robustness").status_code == 404


def test_more_than_a_machine_does_in_hours_is_refused(http, service, monkeypatch):
    job = service.succeeded()
    monkeypatch.setattr("normlab.spec.robustness_limits.MAX_MULTIPLICATIONS", 10**7)
    problem = http.post(f"/jobs/{job.id}/robustness")
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["pointer"] == "/samples"
    assert "multiplications" in problem.json()["errors"][0]["detail"]


def test_an_error_is_told_once_and_tried_again_when_asked_again(http, service, answer):
    job = service.succeeded()
    path = f"/jobs/{job.id}/robustness"
    assert http.post(path).status_code == 202
    assert answer(lambda _: "the data are nowhere") == 1
    for ask in (http.get, http.post):
        assert_problem(ask(path), 409, "wrong_state", "the data are nowhere")
    assert http.get(path).status_code == 404
    assert http.post(path).status_code == 202
    assert answer() == 1
    assert http.get(path).status_code == 200
