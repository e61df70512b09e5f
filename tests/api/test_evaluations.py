import base64
import io

import numpy as np
import pytest
from PIL import Image

from normlab.store import ArtifactKind
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
    assert found["macro_f1"] == pytest.approx((0.5 + 0.8) / 10)
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
        ({"dataset": 3}, "/dataset", "should be a string"),
        ({"mistakes": 51}, "/mistakes", "less than or equal to 50"),
        ({"mistakes": False}, "/mistakes", "should be a whole number, not false"),
        ({"dataset": "fashion_mnist"}, "/dataset", "was trained on digits"),
        ({"split": "validation"}, "/split", "has no validation samples"),
    ],
)
def test_what_cannot_be_evaluated_says_so(http, job, body, pointer, sentence):
    response = http.post(f"/jobs/{job.id}/evaluate", json=body)
    problem = assert_problem(response, 422, "invalid_request", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_job_without_an_evaluation_says_why(service, http):
    running = service.start()
    path = f"/jobs/{running.id}/evaluate"
    assert_problem(http.post(path, json={}), 409, "wrong_state", "is running")
    service.finish(running, export_errors={"evaluation": "OSError: disk full"})
    assert_problem(http.post(path, json={}), 409, "wrong_state", "cannot be evaluated", "OSError: disk full")
