"""What the worker leaves of a real training, asked over HTTP."""

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


def test_every_format_is_there(http, trained):
    for job in trained:
        formats = http.get(f"/jobs/{job.id}/model").json()["formats"]
        assert {item["format"] for item in formats} == {"keras", "onnx", "saved_model", "litert"}
    archive = http.get(f"/jobs/{trained[1].id}/model/saved_model").content
    assert "saved_model.pb" in zipfile.ZipFile(io.BytesIO(archive)).namelist()


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
