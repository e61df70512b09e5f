from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.problems import assert_problem


@pytest.fixture
def name(http):
    yield "classifier"
    http.delete("/models/classifier")


def test_a_name_moves_from_job_to_job_and_back(service, http, name):
    first, second = service.succeeded(), service.succeeded()
    response = http.put(f"/models/{name}", json={"job": first.id})
    assert (response.status_code, response.headers["location"]) == (201, f"/models/{name}")
    assert http.put(f"/models/{name}", json={"job": first.id}).status_code == 200  # changes nothing
    moved = http.put(f"/models/{name}", json={"job": second.id}).json()
    assert (moved["version"], moved["job"]) == (2, second.id)
    assert [(item["version"], item["job"]) for item in moved["versions"]] == [(1, first.id), (2, second.id)]
    back = http.post(f"/models/{name}/rollback", json={}).json()
    assert (back["version"], back["job"]) == (1, first.id)
    forth = http.post(f"/models/{name}/rollback", json={"version": 2}).json()
    assert forth["job"] == second.id
    assert [(item["number"], item["change"], item["version"]) for item in forth["history"]] == [
        (1, "pointed", 1),
        (2, "pointed", 2),
        (3, "rolled_back", 1),
        (4, "rolled_back", 2),
    ]
    assert http.get(f"/models/{name}").json() == forth
    assert forth["links"]["predict"] == f"/models/{name}/predict"
    assert http.post(f"/models/{name}/rollback", json={"version": 1}).json()["job"] == first.id
    assert_problem(http.post(f"/models/{name}/rollback", json={}), 409, "wrong_state", "none before it")


def test_a_name_predicts_with_any_of_its_versions(service, http, name):
    jobs = [service.succeeded(), service.succeeded()]
    for job in jobs:
        http.put(f"/models/{name}", json={"job": job.id})
    body = {"instances": [[index % 17 for index in range(64)]]}
    for query, job, version in (("", jobs[1], 2), ("?version=1", jobs[0], 1)):
        answer = http.post(f"/models/{name}/predict{query}", json=body).json()
        assert (answer["model"], answer["version"], answer["job"]) == (name, version, job.id)
        by_job = http.post(f"/jobs/{job.id}/predict", json=body).json()
        assert answer["predictions"] == by_job["predictions"]
    missing = http.post(f"/models/{name}/predict?version=3", json=body)
    assert_problem(missing, 404, "not_found", "version 3")
    assert_problem(http.post(f"/models/{name}/predict?version=0", json=body), 422, "invalid_request")


def test_names_are_listed_in_pages(service, http):
    job = service.succeeded()
    names = ["page-a", "page-b", "page-c"]
    for name in reversed(names):
        http.put(f"/models/{name}", json={"job": job.id})
    first = http.get("/models", params={"limit": 2, "cursor": "page"}).json()
    assert [item["name"] for item in first["data"]] == names[:2]
    assert first["has_more"]
    second = http.get("/models", params={"limit": 2, "cursor": first["next"]}).json()
    link = http.get("/models", params={"limit": 2, "cursor": "page"}).links["next"]["url"]
    assert http.get(link).json() == second
    assert second["data"][0]["name"] == "page-c"
    for name in names:
        assert http.delete(f"/models/{name}").status_code == 204


def test_deleting_a_name_or_version_keeps_the_job(service, http, name):
    jobs = [service.succeeded(), service.succeeded()]
    for job in jobs:
        http.put(f"/models/{name}", json={"job": job.id})
    assert_problem(http.delete(f"/models/{name}/versions/2"), 409, "wrong_state", "stands for version 2")
    assert http.delete(f"/models/{name}/versions/1").status_code == 204
    assert_problem(http.delete(f"/models/{name}/versions/1"), 404, "not_found", "has no version 1")
    assert [item["version"] for item in http.get(f"/models/{name}").json()["versions"]] == [2]
    assert http.put(f"/models/{name}", json={"job": jobs[0].id}).json()["version"] == 3
    assert http.delete(f"/models/{name}").status_code == 204
    assert_problem(http.get(f"/models/{name}"), 404, "not_found", f"there is no model {name}")
    assert_problem(http.delete(f"/models/{name}"), 404, "not_found")
    for job in jobs:
        assert http.get(f"/jobs/{job.id}").status_code == 200


def test_a_job_with_a_name_is_deleted_only_by_saying_so(service, http, name):
    jobs = [service.succeeded(), service.succeeded(), service.succeeded()]
    for job in jobs:
        http.put(f"/models/{name}", json={"job": job.id})
    for job in jobs:
        response = http.delete(f"/jobs/{job.id}")
        assert_problem(response, 409, "wrong_state", f"a version of model {name}:", "forget_names")
    assert http.delete(f"/jobs/{jobs[0].id}?forget_names=true").status_code == 204
    assert http.get(f"/models/{name}").json()["version"] == 3
    assert http.delete(f"/jobs/{jobs[2].id}?forget_names=true").status_code == 204
    left = http.get(f"/models/{name}").json()
    assert (left["version"], left["job"]) == (2, jobs[1].id)
    assert http.delete(f"/jobs/{jobs[1].id}?forget_names=true").status_code == 204
    assert http.get(f"/models/{name}").status_code == 404


def test_only_a_job_with_a_network_gets_a_name(service, http, name):
    missing = {"job": "job_" + "0" * 26}
    assert_problem(http.put(f"/models/{name}", json=missing), 404, "not_found")
    assert_problem(http.put(f"/models/{name}", json={"job": "x\0y"}), 404, "not_found")
    waiting = {"job": service.create().id}
    assert_problem(http.put(f"/models/{name}", json=waiting), 409, "wrong_state", "is queued")
    assert http.get(f"/models/{name}").status_code == 404


@pytest.mark.parametrize("bad", ["job_x", "a%00b", "-a", "a" * 101, "a%20b", "ü"])
def test_impossible_names_are_refused(service, http, bad):
    response = http.put(f"/models/{bad}", json={"job": service.succeeded().id})
    assert_problem(response, 422, "invalid_request", "cannot be a model's name")


@pytest.mark.parametrize(
    ("path", "body", "pointer", "sentence"),
    [
        ("", {}, "/job", "is required"),
        ("", {"job": 3}, "/job", "should be a string, not 3"),
        ("", {"job": "x", "name": 1}, "/name", "is not known here"),
        ("", [], "", "should be an object"),
        ("/rollback", {"version": True}, "/version", "should be a whole number, not true"),
        ("/rollback", {"version": 0}, "/version", "greater than or equal to 1"),
    ],
)
def test_bad_bodies_are_refused_with_a_pointer(http, path, body, pointer, sentence):
    response = http.request("POST" if path else "PUT", f"/models/some{path}", json=body)
    problem = assert_problem(response, 422, "invalid_request", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("bad", ["a,b", "job_x", "-a"])
def test_a_name_that_cannot_be_is_not_there(http, bad):
    assert_problem(http.get(f"/models/{bad}"), 404, "not_found", "there is no model")
    assert_problem(http.delete(f"/models/{bad}"), 404, "not_found", "there is no model")
    assert_problem(http.delete(f"/models/{bad}/versions/1"), 404, "not_found", "there is no model")
    assert_problem(http.post(f"/models/{bad}/rollback", json={}), 404, "not_found", "there is no model")


def test_many_first_names_at_once_are_all_taken(service, http):
    """Forty names, four requests for each at the same moment: three of four were answered with 500 on Postgres."""
    jobs = [service.succeeded() for _ in range(4)]

    def point(number):
        return http.put(f"/models/many-{number // 4}", json={"job": jobs[number % 4].id}).status_code

    with ThreadPoolExecutor(16) as threads:
        statuses = Counter(threads.map(point, range(160)))
    assert statuses == {201: 40, 200: 120}
    for number in range(40):
        assert len(http.get(f"/models/many-{number}").json()["versions"]) == 4
        http.delete(f"/models/many-{number}")
