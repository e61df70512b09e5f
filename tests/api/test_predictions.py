import io
import json

import numpy as np
import pytest
from PIL import Image

from normlab.spec import DATASETS, DatasetName
from normlab.store import ArtifactKind, artifacts
from support.networks import probabilities
from support.problems import assert_problem


def digits(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 17, (count, 8, 8)).astype(np.float32)


def png(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG", **options)
    return file.getvalue()


def test_instances_are_classified(service, http):
    job = service.succeeded()
    batch = digits(5)
    expected = probabilities(service.weights[job.id], batch)
    for instances in (batch.tolist(), batch.reshape(5, 64).astype(int).tolist()):
        answer = http.post(f"/jobs/{job.id}/predict", json={"instances": instances}).json()
        assert answer["job"] == job.id
        assert len(answer["predictions"]) == 5
        for row, prediction in zip(expected, answer["predictions"], strict=True):
            assert set(prediction) == {"label", "class", "probability", "probabilities"}
            assert prediction["label"] == row.argmax()
            assert prediction["class"] == str(row.argmax())
            assert prediction["probability"] == max(prediction["probabilities"])
            assert prediction["probabilities"] == pytest.approx(row, abs=1e-6)


def test_the_best_classes_are_given_when_asked_for(service, http):
    job = service.succeeded()
    path = f"/jobs/{job.id}/predict"
    row = probabilities(service.weights[job.id], digits(1))[0]
    body = {"instances": digits(1).tolist()}
    for count in (3, 1000):
        (prediction,) = http.post(path, params={"top_k": count}, json=body).json()["predictions"]
        assert [best["label"] for best in prediction["top_k"]] == np.argsort(-row)[:count].tolist()
        assert prediction["top_k"][0] == {
            name: prediction[name] for name in ("label", "class", "probability")
        }
    assert_problem(http.post(path, params={"top_k": -1}, json=body), 422, "invalid_request", "`top_k`")


def test_a_picture_is_classified(service, http):
    job = service.succeeded(dataset={"name": "fashion_mnist"})
    pixels = np.random.default_rng(5).integers(0, 256, (28, 28))
    path = f"/jobs/{job.id}/predict"
    as_json = http.post(path, json={"instances": [pixels.tolist()]})
    headers = {"Content-Type": "image/png"}
    assert http.post(path, content=png(pixels), headers=headers).json() == as_json.json()
    inverted = http.post(f"{path}?invert=always", content=png(255 - pixels), headers=headers)
    assert inverted.json() == as_json.json()
    (prediction,) = as_json.json()["predictions"]
    assert prediction["class"] == DATASETS[DatasetName.FASHION_MNIST].classes[prediction["label"]]


def test_a_photo_is_brought_to_the_models_input(service, http):
    job = service.succeeded()
    photo = np.full((60, 90, 3), 200, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG")
    response = http.post(
        f"/jobs/{job.id}/predict", content=file.getvalue(), headers={"Content-Type": "image/jpeg"}
    )
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer", "sentence"),
    [
        ({"instances": []}, "/instances", "send at least one image"),
        ({"instances": [[1] * 63]}, "/instances/0", "this list has 63 entries instead of 64: an image is 8 by 8"),
        ({"instances": [[1] * 63 + ["1"]]}, "/instances/0/63", "a pixel must be a number, not a string"),
        ({"instances": [[17] * 64]}, "/instances/0/0", "17 is not a raw pixel value of this dataset, 0 to 16"),
        ({"instances": [[1] * 64] * 21}, "/instances", "21 instances are too many"),
        ({"instances": [[float("nan")] * 64]}, "", "NaN and infinity"),
        ({"images": [[1] * 64]}, "", "must be an object such as"),
    ],
)  # fmt: skip
def test_bad_instances_are_refused_with_a_pointer(service, http, body, pointer, sentence):
    job = service.succeeded()
    headers = {"Content-Type": "application/json"}
    response = http.post(f"/jobs/{job.id}/predict", content=json.dumps(body), headers=headers)
    problem = assert_problem(response, 422, "invalid_instances", sentence)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no PNG or JPEG image"),
        (png(digits(1)[0])[:60], "is broken"),
        (png(np.zeros((101, 100))), "is too large"),
        (png(digits(1)[0], save_all=True, append_images=[Image.new("L", (8, 8))]), "is animated"),
    ],
)
def test_bad_pictures_are_refused(service, http, content, sentence):
    response = http.post(
        f"/jobs/{service.succeeded().id}/predict", content=content, headers={"Content-Type": "image/png"}
    )
    assert_problem(response, 422, "invalid_instances", sentence)


@pytest.mark.parametrize("kind", ["", "text/plain", "image/gif", "application/x-www-form-urlencoded"])
def test_other_bodies_are_refused(service, http, kind):
    response = http.post(
        f"/jobs/{service.succeeded().id}/predict", content=b"x", headers={"Content-Type": kind}
    )
    assert_problem(response, 415, "unsupported_media_type", "application/json, image/png or image/jpeg")


def test_a_job_without_a_network_cannot_predict(service, http):
    unfinished = service.start()
    body = {"instances": [[0] * 64]}
    response = http.post(f"/jobs/{unfinished.id}/predict", json=body)
    assert_problem(response, 409, "wrong_state", "is running: only a job that has succeeded can predict")
    service.finish(unfinished, with_onnx=False)
    response = http.post(f"/jobs/{unfinished.id}/predict", json=body)
    assert_problem(response, 409, "wrong_state", "could not be exported to ONNX")


def test_a_damaged_model_file_is_not_used(service, http):
    job = service.succeeded()
    with service.database.read() as session:
        file = artifacts.get(session, job.id, ArtifactKind.ONNX)
    path = service.folder / "artifacts" / file.path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    response = http.post(f"/jobs/{job.id}/predict", json={"instances": [[0] * 64]})
    assert_problem(response, 500, "artifact_error")


def test_a_deleted_job_predicts_no_more(service, http):
    job = service.succeeded()
    path, body = f"/jobs/{job.id}/predict", {"instances": [[0] * 64]}
    assert http.post(path, json=body).status_code == 200
    http.delete(f"/jobs/{job.id}")
    assert_problem(http.post(path, json=body), 404, "not_found")
