import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from normlab.client import Client
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.documents.trained_models import ModelDocument
from normlab.errors import InstancesError, ServiceError
from normlab.local.service import LocalService
from normlab.spec import DATASETS, PRESETS, parse_job_spec

pytestmark = pytest.mark.xdist_group("service")
ENDLESS = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 10_000}}


def test_a_job_from_its_submission_to_its_metrics(
    client: Client, trained: tuple[JobDocument, JobDocument]
) -> None:
    job = trained[1]
    assert (job.title, job.state, job.tags) == ("batch_norm", JobState.SUCCEEDED, ("trained",))
    assert job.spec_digest == parse_job_spec(job.spec).digest
    metrics = client.metrics(job.id)
    assert [epoch.epoch for epoch in metrics.epochs] == [1, 2, 3]
    assert max(epoch.val_accuracy for epoch in metrics.epochs) == job.result.best_val_accuracy
    assert metrics.totals.epochs == 3
    assert client.job(job.id) == job


def test_a_spec_can_be_given_in_four_ways(client: Client) -> None:
    spec = parse_job_spec({"architecture": "batch_norm", "dataset": "digits"})
    ways = [
        client.validate(spec),
        client.validate(spec.to_document()),
        client.validate("batch_norm", dataset="digits"),
        client.validate(architecture="batch_norm", dataset={"name": "digits"}),
    ]
    assert {way.spec_digest for way in ways} == {spec.digest}
    assert ways[0].estimate.trainable_parameters == 51_538


def test_a_spec_that_cannot_be_built_is_refused_with_every_problem(client: Client) -> None:
    with pytest.raises(ServiceError) as refused:
        client.submit("baseline", training={"epochs": 0, "batch_size": "many"})
    assert (refused.value.status, refused.value.code) == (422, "invalid_spec")
    assert [problem.pointer for problem in refused.value.problems] == [
        "/training/epochs",
        "/training/batch_size",
    ]
    lines = str(refused.value).splitlines()
    assert lines[0] == "The service refuses this request:"
    assert lines[1] == "  /training/epochs: should be greater than 0, not 0"
    assert len(lines) == 3


def test_the_same_key_makes_one_job(client: Client) -> None:
    first, second = (client.submit(ENDLESS, idempotency_key="only once") for _ in range(2))
    assert first.id == second.id
    client.cancel(first.id)


def test_jobs_are_listed_over_several_pages_and_filtered(
    client: Client, trained: tuple[JobDocument, JobDocument]
) -> None:
    jobs = [client.submit(ENDLESS, tags=["page"], name=f"number {number}") for number in range(60)]
    for job in jobs:
        client.cancel(job.id)
    assert [job.id for job in client.jobs(tag="page")] == [job.id for job in reversed(jobs)]
    assert [job.name for job in client.jobs(name="number 7")] == ["number 7"]
    assert {job.id for job in client.jobs(state=JobState.SUCCEEDED)} >= {job.id for job in trained}
    assert [job.id for job in client.jobs(tag=["page"], sort="oldest")] == [job.id for job in jobs]
    assert [job.id for job in client.jobs(id_part=jobs[0].id[-8:], preset="baseline")] == [jobs[0].id]


def test_waiting_has_an_end_and_a_cancelled_job_can_be_deleted(client: Client) -> None:
    job = client.submit(ENDLESS)
    with pytest.raises(TimeoutError, match="The job has not ended in the time given"):
        client.wait(job.id, timeout_seconds=0.5)
    client.cancel(job.id)
    assert client.wait(job.id).state is JobState.CANCELLED
    client.delete(job.id)
    with pytest.raises(ServiceError, match=f"there is no job {job.id}") as missing:
        client.job(job.id)
    assert missing.value.status == 404


def test_predictions_from_arrays_lists_and_images_agree(
    client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    job = trained[1].id
    images = load_digits().images[-2:].astype(np.uint8)  # (2, 8, 8), 0 to 16
    predictions = client.predict(job, images)
    assert [prediction.class_name for prediction in predictions] == [str(p.label) for p in predictions]
    assert client.predict(job, images.reshape(2, 64).tolist()) == predictions
    best = client.predict(job, images, top_k=3)[0].top_k
    assert best[0].label == predictions[0].label
    assert [score.probability for score in best] == sorted(predictions[0].probabilities, reverse=True)[:3]

    light = Image.fromarray((255 - np.rint(images[0] * (255 / 16))).astype(np.uint8))
    light.save(tmp_path / "digit.png")
    [inverted] = client.predict(job, tmp_path / "digit.png", invert="always")
    assert inverted.label == predictions[0].label
    assert inverted.probabilities == pytest.approx(predictions[0].probabilities, abs=0.05)


def test_images_that_cannot_be_sent(
    client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    with pytest.raises(
        InstancesError, match=r"^digit\.gif is no image that can be sent: it should be a \.png, \.jpg or"
    ):
        client.predict(trained[0].id, tmp_path / "digit.gif")
    with pytest.raises(InstancesError, match=r"/digit\.png cannot be read: No such file or directory\.$"):
        client.predict(trained[0].id, tmp_path / "digit.png")
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(ServiceError, match="this is no PNG, JPEG or WebP image"):
        client.predict(trained[0].id, tmp_path / "text.jpg")


def test_a_comparison_and_its_charts(client: Client, trained: tuple[JobDocument, JobDocument]) -> None:
    ids = [job.id for job in trained]
    comparison = client.compare(ids)
    assert [job.name for job in comparison.jobs] == ["baseline", "batch_norm"]
    assert comparison.jobs[1].test_accuracy == trained[1].result.test_accuracy
    normalization = next(entry for entry in comparison.differences if entry.field == "normalization")
    assert normalization.values[ids[0]] == "none"
    assert Image.open(io.BytesIO(client.compare_chart(ids))).format == "PNG"
    assert client.compare_chart(ids, "svg").startswith(b"<svg")
    assert "vega-lite" in json.loads(client.compare_chart(ids, "json"))["$schema"]


def test_a_trained_network_is_described_and_downloaded(
    client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    model: ModelDocument = client.model(trained[1].id)
    variables = [
        (variable.name, variable.trainable) for layer in model.layers for variable in layer.variables
    ]
    expected = [("gamma", True), ("beta", True), ("moving_mean", False), ("moving_variance", False)]
    assert variables[:4] == expected
    path = client.download_model(trained[1].id, "onnx", tmp_path / "network.onnx")
    [digest] = [file.sha256 for file in model.formats if file.format == "onnx"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest.removeprefix("sha256:")
    with pytest.raises(ServiceError, match=r"There is no 'torch' file of this network; there is: .*keras"):
        client.download_model(trained[1].id, "torch", tmp_path / "network.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["network.onnx"]


def test_a_network_is_evaluated(client: Client, trained: tuple[JobDocument, JobDocument]) -> None:
    job = trained[1]
    evaluated = client.evaluate(job.id, mistakes=3)
    assert evaluated.accuracy == job.result.test_accuracy
    assert sum(map(sum, evaluated.confusion_matrix)) == evaluated.samples == 360
    assert client.evaluate(job.id, split="validation").samples != 360
    assert Image.open(io.BytesIO(client.confusion_chart(job.id))).format == "PNG"


def test_a_name_from_its_first_version_to_its_end(
    client: Client, trained: tuple[JobDocument, JobDocument]
) -> None:
    first, second = (job.id for job in trained)
    client.models.point("reader", first)
    assert client.models.point("reader", second).version == 2
    assert client.models.predict("reader", [[0] * 64]) == client.predict(second, [[0] * 64])
    assert client.models.roll_back("reader").job == first
    client.models.delete_version("reader", 2)
    assert [item.job for item in client.models.get("reader").versions] == [first]
    assert "reader" in [model.name for model in client.models.list()]
    client.models.delete("reader")
    with pytest.raises(ServiceError, match="there is no model reader"):
        client.models.get("reader")


def test_a_job_says_what_it_was_trained_with(trained: tuple[JobDocument, JobDocument]) -> None:
    job = trained[1]
    spec = job.job_spec
    assert (job.preset, job.dataset, job.epochs, job.seed) == ("batch_norm", "digits", 3, 42)
    assert (job.batch_size, job.optimizer) == (spec.training.batch_size, spec.training.optimizer.name)
    assert job.learning_rate == spec.training.optimizer.learning_rate
    assert job.environment.tensorflow is not None
    assert job.environment.load.load_average_start is not None
    assert job.digests.spec == job.spec_digest
    assert job.digests.final_weights.startswith("sha256:")


def test_what_there_is(client: Client) -> None:
    assert [preset.name for preset in client.architectures()] == list(PRESETS)
    assert client.datasets()[: len(DATASETS)] == list(DATASETS.values())  # then those that tests have added


def test_where_no_service_answers_a_sentence_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMLAB_URL", "http://127.0.0.1:1/")
    with Client() as client, pytest.raises(ServiceError) as unreachable:
        client.architectures()
    assert (unreachable.value.status, unreachable.value.code) == (None, "unreachable")
    assert str(unreachable.value).startswith(
        "No Normlab service answers at http://127.0.0.1:1. Start one with"
    )
    with pytest.raises(
        ServiceError, match=r"'127\.0\.0\.1:8000' is no address of a service; one looks like http://"
    ):
        Client("127.0.0.1:8000")


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:1",
        "http://me:se@secret@127.0.0.1:1",
        "http://me:secret/@127.0.0.1:x",
        "htp://me:secret@host",
        "me:secret@host",
        "http://me:secret@[::1",
    ],
)
def test_a_password_in_an_address_is_not_shown(url: str) -> None:
    with pytest.raises(ServiceError) as caught:
        Client(url).architectures()
    assert "secret" not in str(caught.value)


def test_an_answer_of_something_else_is_told_apart(local_service: LocalService) -> None:
    with (
        Client(f"{local_service.url}/docs") as client,
        pytest.raises(ServiceError, match="there is nothing at /docs/architectures"),
    ):
        client.architectures()
