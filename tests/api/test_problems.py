from collections.abc import Iterator

import httpx
import pytest

from api.models import downloads
from normlab.store import Job, artifacts
from support.problems import assert_problem


def test_an_unknown_path_is_a_problem(http):
    assert_problem(http.get("/nowhere"), 404, "not_found", "there is nothing at /nowhere")


@pytest.mark.parametrize("path", ["/jobs/", "/jobs//", "/comparisons/", "/docs/", "/models/x/predict/"])
def test_a_slash_at_the_end_is_named_and_leads_nowhere_else(http, path):
    response = http.post(path, headers={"Host": "localhost"})
    assert_problem(response, 404, "not_found", f"there is nothing at {path}: leave out the slash at its end")
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("path", "kind", "where"),
    [
        ("/jobs/cmp_" + "0" * 26, "job", "/comparisons/cmp_"),
        ("/comparisons/job_" + "0" * 26, "comparison", "/jobs/job_"),
    ],
)
def test_an_id_of_another_kind_is_led_to_its_own_place(http, path, kind, where):
    problem = assert_problem(http.get(path), 404, "not_found", f"there is no {kind} ")
    assert f"look at {where}" in problem["detail"]


def test_an_unknown_method_is_a_problem(http):
    response = http.put("/jobs")
    assert_problem(response, 405, "method_not_allowed", "PUT is not possible at /jobs")
    assert response.headers["allow"]


def test_a_body_over_the_limit_is_refused_before_it_is_sent(service, http):
    headers = {"Content-Type": "application/json"}
    job: Job = service.succeeded()
    for path in ("/jobs", f"/jobs/{job.id}/predict"):
        response = http.post(path, content=b" " * 100_001, headers=headers)
        assert_problem(response, 413, "body_too_large", "the limit of 100000 bytes")
    assert http.post("/jobs", content=b" " * 100_000, headers=headers).status_code == 400


def test_a_body_that_is_nested_too_deeply_is_told_from_one_that_is_no_json(http):
    deep = b"[" * 40_000
    answer = http.post("/jobs", content=deep, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "bad_request", "nested too deeply")


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{}/predict"])
def test_a_body_of_unknown_length_is_refused_while_it_streams(service, http, path):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 2**30:
            sent += 2**16
            yield b" " * 2**16

    # Either the answer is read, or the server has closed the connection while we were still sending.
    try:
        response = http.post(
            path.format(service.succeeded().id),
            content=endless(),
            headers={"Content-Type": "application/json"},
        )
    except httpx.TransportError:
        pass
    else:
        assert_problem(response, 413, "body_too_large")
    assert sent < 2**27


def test_a_lost_file_is_named(service, http, caplog):
    job = service.succeeded()
    (service.folder / "artifacts" / job.id / "1").rename(service.folder / job.id)
    for response in (http.get(f"/jobs/{job.id}/model/onnx"), http.post(f"/jobs/{job.id}/predict", json={})):
        problem = assert_problem(response, 410, "artifact_lost", f"the onnx file of job {job.id} is lost")
        assert response.headers["cache-control"] == "no-store"
        assert "Traceback" not in str(problem)
    answer = http.post(f"/v1/models/{job.id}:predict", json={})
    assert (answer.status_code, list(answer.json())) == (410, ["error"])
    assert "is lost" in caplog.text


def test_what_goes_wrong_inside_is_told_to_the_log_alone(service, http, caplog, monkeypatch):
    monkeypatch.setattr(artifacts, "of_job", lambda *_: 1 / 0)
    job = service.succeeded()
    response = http.get(f"/jobs/{job.id}/model", headers={"X-Request-ID": "the-one"})
    problem = assert_problem(response, 500, "internal", "its log says what")
    assert "ZeroDivisionError" not in str(problem)
    assert "ZeroDivisionError" in caplog.text
    assert f"GET /jobs/{job.id}/model failed (request the-one)" in caplog.text


def test_what_breaks_off_is_in_the_log(service, http, caplog, monkeypatch):
    monkeypatch.setattr(downloads, "_chain", lambda first, _rest: iter([first, 1 / 1, None]))
    job = service.succeeded()
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"/jobs/{job.id}/model/keras", headers={"X-Request-ID": "this-one"})
    assert "/model/keras failed (request this-one)" in caplog.text
