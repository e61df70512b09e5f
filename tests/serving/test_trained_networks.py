"""What the worker leaves of a real training, asked over HTTP."""

import hashlib
import io
import zipfile

import httpx
import numpy as np
import pytest
from sklearn.datasets import load_digits

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture
def http(local_service):
    with httpx.Client(base_url=local_service.url, timeout=30) as http:
        yield http


def test_every_format_can_be_had(http, trained):
    for job in trained:
        formats = http.get(f"/jobs/{job.id}/model").json()["formats"]
        assert {item["format"] for item in formats} == {"keras", "onnx", "saved_model", "litert"}


def test_a_format_is_made_when_it_is_first_asked_for(client, http, trained, tmp_path):
    job = trained[1].id
    formats = {item.format: item for item in client.model(job).formats}
    assert formats["onnx"].bytes
    for name in ("saved_model", "litert"):
        assert (formats[name].bytes, formats[name].sha256) == (None, None)
    pending = http.get(formats["litert"].url)
    assert pending.status_code == 202
    assert int(pending.headers["Retry-After"]) > 0
    assert (pending.json()["job"], pending.json()["format"]) == (job, "litert")
    archive = zipfile.ZipFile(client.download_model(job, "saved_model", tmp_path / "saved_model.zip"))
    assert "saved_model.pb" in archive.namelist()
    file = client.download_model(job, "litert", tmp_path / "model.tflite").read_bytes()
    assert file[4:8] == b"TFL3"
    made = {item.format: item for item in client.model(job).formats}["litert"]
    assert (made.bytes, made.sha256) == (len(file), hashlib.sha256(file).hexdigest())


def test_the_evaluation_is_that_of_the_predictions(http, trained):
    digits = load_digits()
    images, labels = digits.images[-360:].astype(np.uint8), digits.target[-360:]
    for job in trained:
        file = io.BytesIO()
        np.save(file, images)
        predictions = http.post(
            f"/jobs/{job.id}/predict",
            content=file.getvalue(),
            headers={"Content-Type": "application/x-npy"},
        ).json()["predictions"]
        right = np.array([item["label"] for item in predictions]) == labels
        found = http.post(f"/jobs/{job.id}/evaluate", json={"mistakes": 50}).json()
        assert found["samples"] == 360
        assert found["accuracy"] == pytest.approx(right.mean(), abs=0.004)
        assert found["accuracy"] == pytest.approx(
            http.get(f"/jobs/{job.id}").json()["result"]["test_accuracy"], abs=0.004
        )
        surest = found["mistakes"][0]
        assert labels[surest["sample"]] == surest["label"] != surest["predicted"]["label"]
        confidences = [mistake["predicted"]["probability"] for mistake in found["mistakes"]]
        assert confidences == sorted(confidences, reverse=True)
    validation = http.post(f"/jobs/{trained[0].id}/evaluate", json={"split": "validation"}).json()
    assert validation["samples"] > 0
