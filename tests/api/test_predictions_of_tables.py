"""What a network on a table answers: rows by the names of columns, and in other servers' protocols as decoded."""

import io
from itertools import chain

import numpy as np
import pytest

from normlab.store import ArtifactKind
from support.networks import probabilities
from support.problems import assert_problem

COLUMNS = [
    {"name": "petal_length"},
    {"name": "colour", "kind": "category", "categories": ["blue", "red"]},
    {"name": "weight", "missing": True},
]
CONTENT = {
    "digest": "sha256:" + "12" * 32,
    "shape": [3],
    "classes": ["setosa", "versicolor"],
    "training_samples": 90,
    "test_samples": 20,
    "default_validation_samples": 9,
    "pixel_max": 1,
    "columns": COLUMNS,
    "target": "species",
}
ROWS = [{"petal_length": 140, "colour": "red"}, {"weight": -2, "colour": "pink"}, [0.5, "blue", None]]
DECODED = np.array([[140, 1, 0], [0, -1, -2], [0.5, 0, 0]], np.float32)
"""With 0 in the place of what is missing, as the test's network takes it."""


@pytest.fixture(scope="module")
def job(service):
    return service.succeeded(dataset={"name": "flowers", "version": 1, "content": CONTENT}).id


def expected(service, job: str):
    return probabilities(service.weights[job], DECODED)


def test_rows_by_names_and_in_order(service, http, job):
    response = http.post(f"/jobs/{job}/predict", json={"instances": ROWS}, params={"top_k": 1})
    assert response.status_code == 200, response.text
    predictions = response.json()["predictions"]
    np.testing.assert_allclose(
        [item["probabilities"] for item in predictions], expected(service, job), atol=1e-6
    )
    assert {item["class"] for item in predictions} <= {"setosa", "versicolor"}
    assert [item.get("unknown") for item in predictions] == [None, ["colour"], None]


def test_decoded_rows_in_other_protocols(service, http, job):
    rows = np.array([[140, 1, np.nan], [np.nan, -1, -2], [0.5, 0, np.nan]])
    lists = [[None if np.isnan(value) else value for value in row] for row in rows]
    file = io.BytesIO()
    np.save(file, rows)
    npy = http.post(
        f"/jobs/{job}/predict", content=file.getvalue(), headers={"Content-Type": "application/x-npy"}
    ).json()
    served = http.post(f"/v1/models/{job}:predict", json={"instances": lists}).json()
    tensor = {"name": "pixels", "datatype": "FP32", "shape": [3, 3], "data": list(chain(*lists))}
    inferred = http.post(f"/v2/models/{job}/infer", json={"inputs": [tensor]}).json()
    for found in (
        [item["probabilities"] for item in npy["predictions"]],
        served["predictions"],
        np.reshape(inferred["outputs"][0]["data"], (3, 2)),
    ):
        np.testing.assert_allclose(found, expected(service, job), atol=1e-6)


def test_pictures_are_neither_taken_nor_given(http, job):
    picture = http.post(f"/jobs/{job}/predict", content=b"\x89PNG", headers={"Content-Type": "image/png"})
    assert picture.status_code == 415
    assert "trained on a table" in picture.text
    asked = http.post(f"/jobs/{job}/predict", params={"image": True}, json={"instances": ROWS})
    assert_problem(asked, 422, "invalid_instances", "leave out image")


def test_rows_by_names_in_a_protocol_without_them(http, job):
    response = http.post(f"/v1/models/{job}:predict", json={"instances": ROWS[:2]})
    assert response.status_code == 400
    assert "take the route /predict of the job" in response.text


def test_misspelt_name_has_a_pointer(http, job):
    response = http.post(f"/jobs/{job}/predict", json={"instances": [{"colour": "red", "wieght": 1}]})
    problem = assert_problem(response, 422, "invalid_instances", 'did you mean "weight"')
    assert problem["errors"][0]["pointer"] == "/instances/0/wieght"


def test_surest_mistakes_are_rows(service, http):
    job = service.start(dataset={"name": "flowers", "version": 1, "content": CONTENT})
    arrays = {
        "test_labels": np.array([0, 1], np.uint8),
        "test_predicted": np.array([0, 0], np.uint8),
        "test_confidence": np.array([0.9, 0.8], np.float32),
        "test_mistakes": np.array([1], np.int32),
        "test_mistake_pixels": np.array([[1.4, 1, np.nan]], np.float32),
        "test_mistake_probabilities": np.array([[0.8, 0.2]], np.float32),
    }
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    service.report(job, 1)
    service.finish(job, more={ArtifactKind.EVALUATION: file.getvalue()})
    answer = http.post(f"/jobs/{job.id}/evaluate").json()
    (mistake,) = answer["mistakes"]
    assert (mistake["class"], mistake["predicted"]["class"]) == ("versicolor", "setosa")
    assert mistake["row"] == {"petal_length": 1.4, "colour": "red", "weight": None}
    assert mistake["image"] is None
    assert answer["confusion_matrix"] == [[1, 0], [1, 0]]


def test_model_says_what_its_rows_are(http, job):
    asked = http.get(f"/jobs/{job}/model").json()["input"]
    assert [column["name"] for column in asked["columns"]] == ["petal_length", "colour", "weight"]
    assert asked["columns"][1]["categories"] == ["blue", "red"]
