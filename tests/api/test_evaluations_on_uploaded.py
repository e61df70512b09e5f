"""Evaluating on datasets that were added: by name and version, of the same form, asked of a worker once."""

import io

import numpy as np
import pytest

from normlab.store import ArtifactKind, deletion, evaluations
from support.dataset_versions import keep_dataset
from support.problems import assert_problem
from support.uploaded import PARTS

MANY = 101


def of_classes(*classes, **changes):
    return {**PARTS, "shape": [12, 10, 3], "classes": list(classes), **changes}


def evaluation():
    """Three test samples, all right."""
    labels = np.array([0, 1, 2], np.uint8)
    arrays = {
        "test_labels": labels,
        "test_predicted": labels,
        "test_confidence": np.full(3, 0.75, np.float32),
        "test_mistakes": np.zeros(0, np.int32),
        "test_mistake_pixels": np.zeros((0, 12, 10, 3), np.uint8),
        "test_mistake_probabilities": np.zeros((0, 3), np.float32),
    }
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


@pytest.fixture(scope="module")
def keep(service):
    def keep(name, version, content):
        given = {"name": name, "version": version, "content": content}
        with service.database.write() as session:
            keep_dataset(session, service.make_spec(dataset=given))
        return given

    return keep


@pytest.fixture(scope="module")
def job(service, keep):
    own = keep("seen-parts", 1, of_classes("bolt", "nut", "washer"))
    keep("seen-parts", 2, of_classes("bolt", "nut", "washer", digest="sha256:" + "12" * 32))
    keep("new-parts", 1, of_classes("washer", "bolt", "nut"))
    keep("more-parts", 1, of_classes("bolt", "nut", "washer", "pin"))
    job = service.start(dataset=own)
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation()})
    return job


@pytest.fixture
def worked(service, tmp_path):
    """Does what a worker does when it is asked, and gives the name and version of what it was asked for."""

    def worked():
        with service.database.write() as session:
            taken = evaluations.take(session, lease_seconds=60)
            assert taken is not None
            dataset = evaluations.dataset_of(session, taken.dataset)
            assert dataset is not None
            file = tmp_path / "evaluation.npz"
            file.write_bytes(evaluation())
            made = service.artifacts.put(taken.job_id, 1, ArtifactKind.EVALUATION, file, "application/x-npz")
            assert evaluations.finish(session, taken, made)
        return dataset.name, dataset.version

    return worked


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("new-parts", ("new-parts", 1)),
        ({"name": "seen-parts"}, ("seen-parts", 2)),
    ],
)
def test_one_of_the_same_form_is_evaluated_by_a_worker(http, job, worked, asked, expected):
    path, body = f"/jobs/{job.id}/evaluate", {"dataset": asked}
    for _ in range(2):
        pending = http.post(path, json=body)
        assert pending.status_code == 202
        assert (pending.json()["dataset"], pending.json()["dataset_version"]) == expected
    assert f"{expected[0]} version {expected[1]}" in pending.json()["detail"]
    assert worked() == expected
    found = http.post(path, json=body).raise_for_status().json()
    assert (found["dataset"], found["dataset_version"], found["trained_on"]) == (*expected, "seen-parts")
    matched = [remark for remark in found["remarks"] if "matched by their names" in remark]
    assert bool(matched) is (asked == "new-parts")
    assert [item["class"] for item in found["classes"]] == ["bolt", "nut", "washer"]
    chart = http.post(path, json=body, headers={"Accept": "application/vnd.vegalite+json"}).json()
    assert f"{expected[0]} version {expected[1]}" in str(chart["title"])


def test_its_own_version_is_what_was_kept_when_it_ended(http, job):
    for asked in (None, {"name": "seen-parts", "version": 1}):
        found = http.post(f"/jobs/{job.id}/evaluate", json={"dataset": asked}).raise_for_status().json()
        assert (found["dataset_version"], found["accuracy"]) == (1, 1.0)


@pytest.mark.parametrize(
    ("asked", "pointer", "phrase"),
    [
        ("more-parts", "/dataset", "has shape 12 x 10 x 3 and 4 classes: "),
        ("more-parts", "/dataset", "new-parts"),
        ("digits", "/dataset", "but digits has shape 8 x 8 and 10 classes"),
        ("new-part", "/dataset/name", '"new-parts"'),
        ({"name": "new-parts", "version": 7}, "/dataset/version", "no version 7"),
        ({"name": "digits", "version": 1}, "/dataset/version", "is built in"),
        ({"name": "new-parts", "version": "1"}, "/dataset/version", "whole number"),
        ({"version": 1}, "/dataset/name", "required"),
    ],
)
def test_what_a_network_cannot_be_evaluated_on_is_said_where_it_is(http, job, asked, pointer, phrase):
    response = http.post(f"/jobs/{job.id}/evaluate", json={"dataset": asked})
    (error,) = assert_problem(response, 422, "invalid_request")["errors"]
    assert (error["pointer"], phrase in error["detail"]) == (pointer, True), error


def test_a_name_that_comes_again_is_another_dataset(service, http, job, keep, worked):
    path, body = f"/jobs/{job.id}/evaluate", {"dataset": {"name": "short-lived", "version": 1}}
    content = of_classes("bolt", "nut", "washer")
    keep("short-lived", 1, content)
    assert http.post(path, json=body).status_code == 202
    assert worked() == ("short-lived", 1)
    assert http.post(path, json=body).status_code == 200
    with service.database.write() as session:
        deletion.delete_dataset(session, "short-lived")
    assert_problem(http.post(path, json=body), 422, "invalid_request", "short-lived")
    keep("short-lived", 1, content)
    assert http.post(path, json=body).status_code == 202
    worked()


def test_a_chart_of_too_many_classes_is_refused_and_json_is_not(service, http, keep):
    own = keep("many-parts", 1, of_classes(*(f"class {number}" for number in range(MANY))))
    job = service.start(dataset=own)
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation()})
    path = f"/jobs/{job.id}/evaluate"
    assert len(http.post(path, json={}).raise_for_status().json()["classes"]) == MANY
    for accept in ("image/png", "application/vnd.vegalite+json"):
        refused = http.post(path, json={}, headers={"Accept": accept})
        assert_problem(refused, 409, "wrong_state", "are too many", "ask for JSON")
