import base64
import io

import numpy as np
import pytest
from PIL import Image

from normlab.store import ArtifactKind, evaluations
from support.problems import assert_problem

LABELS = np.array([0, 0, 1, 1, 2], np.uint8)
PREDICTED = np.array([0, 1, 1, 1, 0], np.uint8)
CONFIDENCE = np.array([0.9, 0.6, 0.8, 0.7, 0.95], np.float32)


def evaluation(**changes: object) -> bytes:
    """Five samples of ``digits``; numbers 4 and 1 are mistakes."""
    probabilities = np.zeros((2, 10), np.float32)
    probabilities[0, 0], probabilities[1, 1] = 0.95, 0.6
    arrays = {
        "test_labels": LABELS,
        "test_predicted": PREDICTED,
        "test_confidence": CONFIDENCE,
        "test_mistakes": np.array([4, 1], np.int32),
        "test_mistake_pixels": np.stack([np.full((8, 8), 16), np.arange(64).reshape(8, 8) % 17]).astype(
            np.uint8
        ),
        "test_mistake_probabilities": probabilities,
    }
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{**arrays, **changes})
    return file.getvalue()


@pytest.fixture(scope="module")
def job(service):
    job = service.start()
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation()})
    return job


def test_a_job_is_evaluated(http, job):
    found = http.post(f"/jobs/{job.id}/evaluate", json={}).json()
    assert (found["job"], found["dataset"], found["split"], found["samples"]) == (job.id, "digits", "test", 5)
    assert found["accuracy"] == pytest.approx(3 / 5)
    zero, one, two, three = found["classes"][:4]
    assert zero == {"label": 0, "class": "0", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert (one["precision"], one["recall"], one["f1"]) == (pytest.approx(2 / 3), 1, pytest.approx(0.8))
    assert (two["precision"], two["recall"], two["f1"], two["support"]) == (None, 0, 0, 1)
    assert (three["precision"], three["recall"], three["f1"]) == (None, None, None)
    assert found["macro_f1"] == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert (found["cross_entropy"], found["brier_score"]) == (None, None)  # as a version before has kept it
    assert [row[:3] for row in found["confusion_matrix"][:3]] == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_a_request_to_evaluate_needs_no_body(http, job):
    path = f"/jobs/{job.id}/evaluate"
    assert http.post(path).content == http.post(path, json={}).content
    as_text = http.post(path, content=b"{}", headers={"Content-Type": "text/plain"})
    assert_problem(as_text, 415, "unsupported_media_type", "Content-Type: application/json")


def test_the_most_confident_mistakes_are_shown(http, job):
    found = http.post(f"/jobs/{job.id}/evaluate", json={"dataset": "digits", "split": "test"}).json()
    first, second = found["mistakes"]
    assert (first["sample"], first["label"], first["class"]) == (4, 2, "2")
    assert first["predicted"] == {"label": 0, "class": "0", "probability": pytest.approx(0.95)}
    assert second["probabilities"][1] == pytest.approx(0.6)
    image = base64.b64decode(first["image"].partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(image))), np.full((8, 8), 255))
    assert http.post(f"/jobs/{job.id}/evaluate", json={"mistakes": 1}).json()["mistakes"] == [first]


def test_probabilities_are_put_beside_how_often_they_are_right(service, http):
    job = service.start()
    more = {"test_cross_entropy": np.array(0.5), "test_brier_score": np.array(0.25)}
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation(**more)})
    path = f"/jobs/{job.id}/evaluate"
    found = http.post(path, json={}).json()
    assert (found["cross_entropy"], found["brier_score"]) == (0.5, 0.25)
    fit = found["calibration"]
    assert len(fit["bins"]) == 15
    # Each sample is in a bin of its own but 0.9 and 0.95, of which one is right: off by 0.8, 0.4, 0.7 and 0.85.
    assert [bin_["samples"] for bin_ in fit["bins"] if bin_["samples"]] == [1, 1, 1, 1, 1]
    off = sum(abs(right - sure) for right, sure in zip((1, 0, 1, 1, 0), CONFIDENCE, strict=True)) / 5
    assert fit["expected_calibration_error"] == pytest.approx(off)
    assert fit["confidence"] == pytest.approx(CONFIDENCE.mean())
    chart = http.post(
        path, json={"chart": "reliability"}, headers={"Accept": "application/vnd.vegalite+json"}
    ).json()
    assert "calibration error" in str(chart["title"])
    image = http.post(path, json={"chart": "reliability"}, headers={"Accept": "image/svg+xml"}).text
    assert "accuracy by confidence" in image


def test_the_confusion_matrix_is_drawn(http, job):
    path = f"/jobs/{job.id}/evaluate"
    chart = http.post(path, json={}, headers={"Accept": "application/vnd.vegalite+json"}).json()
    assert "vega-lite" in chart["$schema"]
    image = http.post(path, json={}, headers={"Accept": "image/png"})
    assert Image.open(io.BytesIO(image.content)).size[0] > 500
    assert http.post(path, json={}, headers={"Accept": "image/svg+xml"}).text.startswith("<svg")
    assert_problem(http.post(path, json={}, headers={"Accept": "text/html"}), 406, "not_acceptable")


@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        ({"split": "train"}, "/split", "it should be one of test, validation"),
        ({"dataset": 3}, "/dataset", "should be"),
        ({"mistakes": 51}, "/mistakes", "less than or equal to 50"),
        ({"chart": "roc"}, "/chart", "it should be one of confusion, reliability"),
        ({"mistakes": False}, "/mistakes", "should be a whole number, not false"),
        (
            {"dataset": "fashion_mnist"},
            "/dataset",
            "was trained on digits, of shape 8 x 8 and 10 classes, but",
        ),
        ({"split": "validation"}, "/split", "has no validation samples"),
    ],
)
def test_what_cannot_be_evaluated_says_so(http, job, body, pointer, sentence):
    response = http.post(f"/jobs/{job.id}/evaluate", json=body)
    problem = assert_problem(response, 422, "invalid_request", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.fixture(scope="module")
def clothes(service):
    job = service.start(dataset="fashion_mnist", name="clothes")
    service.finish(job)
    return job


def worked(service, made):
    """What a worker does when it is asked, with what it made."""
    with service.database.write() as session:
        taken = evaluations.take(session, lease_seconds=60)
        assert taken is not None
        assert evaluations.finish(session, taken, made(taken) if callable(made) else made)
    return taken


def test_another_dataset_is_evaluated_by_a_worker_when_it_is_asked_for(service, http, clothes, tmp_path):
    path, body = f"/jobs/{clothes.id}/evaluate", {"dataset": "mnist"}
    for _ in range(2):
        pending = http.post(path, json=body)
        assert (pending.status_code, pending.headers["retry-after"]) == (202, "2")
        assert (pending.json()["job"], pending.json()["dataset"]) == (clothes.id, "mnist")

    def made(taken):
        file = tmp_path / f"evaluation-{taken.dataset}.npz"
        pixels = np.full((2, 28, 28), 100, np.uint8)
        file.write_bytes(evaluation(test_mistake_pixels=pixels))
        return service.artifacts.put(taken.job_id, 1, ArtifactKind.EVALUATION, file, "application/x-npz")

    assert worked(service, made).dataset == "mnist"
    found = http.post(path, json=body).json()
    assert (found["dataset"], found["trained_on"], found["samples"]) == ("mnist", "fashion_mnist", 5)
    (remark,) = found["remarks"]
    assert 'class 0 is "0" here and "T-shirt/top" there' in remark
    assert found["classes"][0]["class"] == "T-shirt/top"
    chart = http.post(path, json=body, headers={"Accept": "application/vnd.vegalite+json"}).json()
    assert "clothes, test samples of mnist" in str(chart["title"])


def test_an_evaluation_that_cannot_be_made_says_why_once_and_is_tried_again(service, http):
    job = service.start(dataset="mnist")
    service.finish(job)
    path, body = f"/jobs/{job.id}/evaluate", {"dataset": "fashion_mnist"}
    assert http.post(path, json=body).status_code == 202
    worked(service, "the files are nowhere")
    assert_problem(http.post(path, json=body), 409, "wrong_state", "could not be evaluated", "are nowhere")
    assert http.post(path, json=body).status_code == 202
    worked(service, "still not")


def test_a_job_without_an_evaluation_says_why(service, http):
    running = service.start()
    path = f"/jobs/{running.id}/evaluate"
    assert_problem(http.post(path, json={}), 409, "wrong_state", "is running")
    service.finish(running, export_errors={"evaluation": "OSError: disk full"})
    assert_problem(http.post(path, json={}), 409, "wrong_state", "cannot be evaluated", "OSError: disk full")
