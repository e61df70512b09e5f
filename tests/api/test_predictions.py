import base64
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


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"instances": [[0]], "instances": [[1]]}', "/instances"),
        ('{"instances": [{"a": 1, "a": 2}]}', "/instances/0/a"),
    ],
)
def test_a_key_that_stands_twice_is_refused(service, http, body, pointer):
    job = service.succeeded()
    for path in (f"/jobs/{job.id}/predict", f"/v1/models/{job.id}:predict", f"/v2/models/{job.id}/infer"):
        response = http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)
        assert "stands twice" in response.text
        assert pointer in response.text


def test_an_image_is_classified(service, http):
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
        ({"instances": [[]] * 4000}, "", "values, and the largest request needs"),
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
        (b"", "no PNG, JPEG or WebP image"),
        (png(digits(1)[0])[:60], "is broken"),
        (png(np.zeros((101, 100))), "is too large"),
        (png(digits(1)[0], save_all=True, append_images=[Image.new("L", (8, 8))]), "is animated"),
    ],
)
def test_bad_images_are_refused(service, http, content, sentence):
    response = http.post(
        f"/jobs/{service.succeeded().id}/predict", content=content, headers={"Content-Type": "image/png"}
    )
    assert_problem(response, 422, "invalid_instances", sentence)


def test_images_are_limited_together(service, http):
    """Each within its own limit; nothing of any is decoded."""
    sent = png(np.zeros((100, 100)))
    path = f"/jobs/{service.succeeded().id}/predict"
    files = [("i", (f"{number}.png", sent)) for number in range(4)]
    assert http.post(path, files=files).status_code == 200
    response = http.post(path, files=[*files, ("i", ("5.png", sent))])
    assert_problem(response, 422, "invalid_instances", "50000 pixels together: send at most 40000")


def test_jpg_is_jpeg(service, http):
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file, "JPEG")
    path = f"/jobs/{service.succeeded().id}/predict"
    answers = [
        http.post(path, content=file.getvalue(), headers={"Content-Type": f"image/{kind}"}).json()
        for kind in ("jpg", "jpeg")
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]["predictions"]) == 1


@pytest.mark.parametrize("kind", ["", "text/plain", "image/gif", "application/x-www-form-urlencoded"])
def test_other_bodies_are_refused(service, http, kind):
    response = http.post(
        f"/jobs/{service.succeeded().id}/predict", content=b"x", headers={"Content-Type": kind}
    )
    assert_problem(
        response, 415, "unsupported_media_type", "send application/json, application/x-npy, image/png"
    )


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
    assert_problem(response, 500, "artifact_error", f"the onnx file of job {job.id} is damaged")


def test_a_deleted_job_predicts_no_more(service, http):
    job = service.succeeded()
    path, body = f"/jobs/{job.id}/predict", {"instances": [[0] * 64]}
    assert http.post(path, json=body).status_code == 200
    http.delete(f"/jobs/{job.id}")
    assert_problem(http.post(path, json=body), 404, "not_found")


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def post_npy(http, path: str, content: bytes):
    return http.post(path, content=content, headers={"Content-Type": "application/x-npy"})


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, ">f8"])
def test_numpy_files_are_classified(service, http, dtype):
    job = service.succeeded()
    path = f"/jobs/{job.id}/predict"
    batch = digits(3)
    expected = http.post(path, json={"instances": batch.tolist()}).json()
    for array in (batch, batch.reshape(3, 64), np.asfortranarray(batch)):
        assert post_npy(http, path, npy(array.astype(dtype))).json() == expected
    one = post_npy(http, path, npy(batch[0].astype(dtype))).json()
    assert one["predictions"] == expected["predictions"][:1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no npy file"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "header cannot be read"),
        (npy(digits(2))[:-1], "promises 512 bytes, but 511 follow it"),
        (npy(digits(2)).replace(b"(2, 8, 8)", b"(9, 8, 8)"), "promises 2304 bytes, but 512 follow it"),
        (npy(digits(2)).replace(b"(2, 8, 8), }   ", b"(9999999999,)} "), "promises 39999999996 bytes"),
        (npy(np.array([{"a": 1}], dtype=object)), "holds object: send numbers"),
        (npy(np.array([["a"]])), "holds <U1: send numbers"),
        (npy(np.zeros((2, 63))), "has the shape (2, 63) instead of (n, 8, 8) or (n, 64)"),
        (npy(np.zeros((0, 64))), "send at least one image"),
        (npy(np.zeros((21, 64))), "21 instances are too many"),
        (npy(np.full((1, 64), np.nan)), "not raw pixel values of this dataset, 0 to 16"),
        (npy(np.full((1, 64), np.inf)), "not raw pixel values of this dataset, 0 to 16"),
        (npy(np.full((1, 64), 17, np.uint8)), "not raw pixel values of this dataset, 0 to 16"),
        (npy(np.full((1, 64), -1)), "not raw pixel values of this dataset, 0 to 16"),
        (npy(np.float32(3)), "has the shape ()"),
    ],
)  # fmt: skip
def test_bad_numpy_files_are_refused(service, http, content, sentence):
    response = post_npy(http, f"/jobs/{service.succeeded().id}/predict", content)
    assert_problem(response, 422, "invalid_instances", sentence)


def test_a_form_of_images_is_classified(service, http):
    job = service.succeeded(dataset={"name": "fashion_mnist"})
    path = f"/jobs/{job.id}/predict"
    pixels = np.random.default_rng(5).integers(0, 256, (2, 28, 28)).astype(np.uint8)
    webp = io.BytesIO()
    Image.fromarray(pixels[1]).convert("RGB").save(webp, "WEBP", lossless=True)
    files = [
        ("images", ("shoe.png", png(pixels[0]), "image/png")),
        ("images", ("bag.webp", webp.getvalue(), "image/webp")),
    ]
    answer = http.post(path, files=files).json()
    assert answer == http.post(path, json={"instances": pixels.tolist()}).json()
    single = http.post(path, content=webp.getvalue(), headers={"Content-Type": "image/webp"}).json()
    assert single["predictions"] == answer["predictions"][1:]


@pytest.mark.parametrize(
    ("files", "status", "sentence"),
    [
        ([("note", (None, "text"))], 422, "the form has no file"),
        ([("i", ("a.png", png(digits(1)[0]))), ("i", ("b.png", b"x"))], 422, "image 2, b.png: this is no PNG"),
        ([("i", ("a.png", png(digits(1)[0])))] * 21, 422, "21 instances are too many"),
        ([("i", ("a.png", png(digits(1)[0])))] * 31, 422, "the form has too many parts: send at most 20"),
    ],
)  # fmt: skip
def test_bad_forms_are_refused(service, http, files, status, sentence):
    response = http.post(f"/jobs/{service.succeeded().id}/predict", files=files)
    assert_problem(response, status, "invalid_instances" if status == 422 else "bad_request", sentence)


def test_a_long_file_name_is_not_sent_back_at_length(service, http):
    response = http.post(
        f"/jobs/{service.succeeded().id}/predict", files={"image": ("x" * 50_000, b"", "image/png")}
    )
    assert response.status_code == 422
    assert len(response.content) < 1000


def test_a_form_without_a_boundary_is_refused(service, http):
    headers = {"Content-Type": "multipart/form-data"}
    response = http.post(f"/jobs/{service.succeeded().id}/predict", content=b"x", headers=headers)
    assert_problem(response, 400, "bad_request", "boundary")


def test_the_image_that_the_model_saw_is_given_when_asked_for(service, http):
    job = service.succeeded(dataset={"name": "fashion_mnist"})
    wide = np.zeros((28, 56), np.uint8)
    wide[:, :28] = 200
    response = http.post(
        f"/jobs/{job.id}/predict?image=true&invert=always",
        content=png(wide),
        headers={"Content-Type": "image/png"},
    )
    (prediction,) = response.json()["predictions"]
    kind, _, data = prediction["image"].partition(",")
    assert kind == "data:image/png;base64"
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert seen.shape == (28, 28)
    assert (seen[:7] == 0).all()  # padded above
    assert seen[14, 25] == 255
    assert seen[14, 3] == 55


def test_what_is_remembered_is_given_up_at_the_next_commit(service, http, serve):
    """Two processes of the API on one database: what one changes counts in the other at once."""
    first, second = service.succeeded(), service.succeeded()
    body = {"instances": digits(1).tolist()}
    settings = {
        "data_dir": service.folder,
        "database_url": service.database.url.render_as_string(hide_password=False),
        "broker_url": service.broker.broker_url,
    }
    with serve(**settings) as other:
        for _ in range(20):
            http.put("/models/moving", json={"job": first.id})
            assert other.post("/models/moving/predict", json=body).json()["job"] == first.id
            assert other.post("/models/moving/predict", json=body).json()["job"] == first.id
            http.put("/models/moving", json={"job": second.id})
            assert other.post("/models/moving/predict", json=body).json()["job"] == second.id
        gone = service.succeeded()
        path = f"/jobs/{gone.id}/predict"
        assert other.post(path, json=body).status_code == 200
        http.delete(f"/jobs/{gone.id}")
        assert other.post(path, json=body).status_code == 404
    http.delete("/models/moving")
