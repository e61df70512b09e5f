"""What answers about a network that was trained on uploaded data: its own shape, scale and classes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from normlab.documents.datasets import DataFindingDocument
from normlab.store import ArtifactKind, DatasetState, DatasetVersion
from normlab.store.clock import database_now
from normlab.store.datasets import versions
from normlab.store.identifiers import new_id
from support.data_cards import card
from support.dataset_versions import keep_dataset
from support.networks import probabilities
from support.problems import assert_problem
from support.uploaded import PARTS

CLASSES = list(PARTS["classes"])
CONTENT = {**PARTS, "shape": [12, 10, 3], "classes": CLASSES}
NAME = "brought-parts"


def evaluation(label_type: type = np.uint8) -> bytes:
    """Four test samples, of which the last is a mistake."""
    arrays = {
        "test_labels": np.array([0, 1, 2, 2], label_type),
        "test_predicted": np.array([0, 1, 2, 1], label_type),
        "test_confidence": np.array([0.9, 0.6, 0.8, 0.7], np.float32),
        "test_mistakes": np.array([3], np.int32),
        "test_mistake_pixels": np.full((1, 12, 10, 3), (200, 100, 0), np.uint8),
        "test_mistake_probabilities": np.array([[0.1, 0.7, 0.2]], np.float32),
    }
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


@pytest.fixture(scope="module")
def dataset(service):
    """The second version of a name, ready; the first was refused."""
    given = {"name": NAME, "version": 2, "content": CONTENT}
    with service.database.write() as session:
        keep_dataset(session, service.make_spec(dataset=given))
        session.add(
            DatasetVersion(
                id=new_id("ds"),
                name=NAME,
                version=1,
                state=DatasetState.REFUSED,
                created_at=database_now(),
                options={},
                source={},
                attempt=1,
                lost_attempts=0,
                reason="it holds no samples",
            )
        )
    return given


@pytest.fixture(scope="module")
def job(service, dataset):
    job = service.start(dataset=dataset)
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation()})
    return job


def test_model_says_shape_scale_and_classes(http, job):
    found = http.get(f"/jobs/{job.id}/model").json()
    assert found["input"] == {"shape": [12, 10, 3], "dtype": "float32", "pixel_max": 255}
    assert found["classes"] == CLASSES


def test_pixels_and_image_files_are_classified_by_its_classes(service, http, job):
    pixels = np.random.default_rng(1).integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)
    expected = probabilities(service.weights[job.id], pixels.astype(np.float32))
    answer = http.post(f"/jobs/{job.id}/predict", json={"instances": pixels.tolist()}).json()["predictions"]
    for row, prediction in zip(expected, answer, strict=True):
        assert prediction["class"] == CLASSES[row.argmax()]
        assert prediction["probabilities"] == pytest.approx(row, abs=1e-6)
    file = io.BytesIO()
    Image.fromarray(pixels[0]).save(file, "PNG")
    sent = http.post(f"/jobs/{job.id}/predict", files={"image": ("part.png", file.getvalue(), "image/png")})
    assert sent.json()["predictions"][0]["probabilities"] == pytest.approx(expected[0], abs=1e-6)
    wrong = http.post(f"/jobs/{job.id}/predict", json={"instances": [[[0] * 28] * 28]})
    assert_problem(wrong, 422, "invalid_instances", "12")


def test_evaluation_has_its_classes_and_its_version(http, job):
    found = http.post(f"/jobs/{job.id}/evaluate", json={"dataset": NAME}).json()
    assert (found["dataset"], found["dataset_version"], found["accuracy"]) == (NAME, 2, 0.75)
    assert [item["class"] for item in found["classes"]] == CLASSES
    assert np.array(found["confusion_matrix"]).shape == (3, 3)
    (mistake,) = found["mistakes"]
    assert (mistake["class"], mistake["predicted"]["class"]) == ("washer", "nut")
    with Image.open(io.BytesIO(base64.b64decode(mistake["image"].partition(",")[2]))) as image:
        assert (image.size, image.getpixel((0, 0))) == ((10, 12), (200, 100, 0))


def test_evaluation_on_a_builtin_has_no_version(service, http):
    job = service.start()
    service.finish(job, more={ArtifactKind.EVALUATION: evaluation()})
    assert http.post(f"/jobs/{job.id}/evaluate", json={"mistakes": 0}).json()["dataset_version"] is None


def test_list_finds_jobs_by_the_datasets_name(http, job):
    assert job.id in [item["id"] for item in http.get("/jobs", params={"dataset": NAME}).json()["data"]]
    assert http.get("/jobs", params={"dataset": "other-parts"}).json()["data"] == []


def test_other_protocols_know_its_shape(http, job):
    metadata = http.get(f"/v2/models/{job.id}").json()
    assert [tensor["shape"][1:] for tensor in (*metadata["inputs"], *metadata["outputs"])] == [
        [12, 10, 3],
        [3],
    ]


def test_name_alone_is_submitted_and_the_document_says_the_rest(http, dataset):
    body = {"architecture": "cnn", "dataset": NAME, "priority": -10}
    document = http.post("/jobs", json=body).raise_for_status().json()
    assert document["spec"]["dataset"] | dataset == document["spec"]["dataset"]
    again = (
        http.post("/jobs", params={"validate_only": True}, json=document["spec"]).raise_for_status().json()
    )
    assert again["spec_digest"] == document["spec_digest"]
    assert again["estimate"]["layers"][-1]["output_shape"] == [3]
    http.post(f"/jobs/{document['id']}/cancel").raise_for_status()


@pytest.mark.parametrize(
    ("asked", "pointer", "phrase"),
    [
        ({"name": NAME, "version": 1}, "/dataset/version", "it holds no samples"),
        ({"name": NAME, "version": 3}, "/dataset/version", "no version 3"),
        ({"name": f"{NAME}s"}, "/dataset/name", f'"{NAME}"'),
        (
            {"name": NAME, "content": {**CONTENT, "classes": ["a", "b", "c"]}},
            "/dataset/content/classes",
            "is not that",
        ),
        ({"name": "made-up", "version": 1, "content": CONTENT}, "/dataset/name", "normlab dataset add"),
    ],
)
@pytest.mark.usefixtures("dataset")
def test_what_cannot_be_trained_on_is_said_where_it_is(http, asked, pointer, phrase):
    spec = {"architecture": "baseline", "dataset": asked}
    (error,) = assert_problem(http.post("/jobs", json=spec), 422, "invalid_spec")["errors"]
    assert error["pointer"] == pointer
    assert phrase in error["detail"]
    arms = [{"name": "one", "spec": spec}, {"name": "two", "spec": {"architecture": "cnn"}}]
    problem = assert_problem(http.post("/comparisons", json={"arms": arms}), 422, "invalid_spec")
    assert [error["pointer"] for error in problem["errors"]] == [f"/arms/0/spec{pointer}"]


def test_a_leak_between_its_parts_is_a_caveat_of_what_is_compared_on_it(service, http, dataset):
    jobs = [service.succeeded(dataset=dataset, training={"seed": seed}) for seed in (1, 2)]
    finding = DataFindingDocument(
        code="test_in_training", severity="error", detail="…", count=3, numbers={"share": 0.3}
    )
    with service.database.write() as session:
        versions.get(session, NAME, 2).card = card(finding, test_samples=10).model_dump(mode="json")
    answer = http.get("/comparisons", params={"jobs": ",".join(job.id for job in jobs)}).json()
    (caveat,) = [caveat for caveat in answer["caveats"] if "training part" in caveat]
    assert caveat.startswith(f"3 of 10 test samples of {NAME}, version 2 (30 %)")
    with service.database.write() as session:
        versions.get(session, NAME, 2).card = None
