"""A worker evaluates a trained network on another dataset than its own, from the files that it would train on."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from normlab.settings import Settings
from normlab.spec import DatasetName, JobSpec
from normlab.store import ArtifactKind, ArtifactStore, Database, Job, JobState, artifacts, evaluations
from normlab.store.jobs import jobs, leases
from normlab.store.wanted import MAX_ATTEMPTS
from normlab.training.datasets import decoded, loading
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.sources import SOURCES
from support.dataset_versions import uploader
from worker import formats
from worker.dataset_process import check_datasets
from worker.formats import make_formats
from worker.liveness import LivenessTable
from worker.runner import Child, run_attempt
from worker.shutdown import ShutdownFlag

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database.url.render_as_string(hide_password=False))


def draw(name: DatasetName, datasets_dir: Path, seed: int) -> Arrays:
    """Write a dataset in its decoded form, of which the brightest row says the class."""
    random = np.random.default_rng(seed)

    def part(samples: int) -> tuple[np.ndarray, np.ndarray]:
        y = random.integers(0, 10, samples, dtype=np.uint8)
        x = np.zeros((samples, 28, 28), np.uint8)
        x[np.arange(samples), 2 * y] = 200
        x[:, 25] = random.integers(0, 255, (samples, 28))
        return x, y

    arrays = Arrays(*part(60_000), *part(10_000))
    decoded.write(datasets_dir / "decoded" / f"{name}-{loading._archives_key(SOURCES[name])}", arrays)
    return arrays


def trained(settings: Settings, database: Database, spec: JobSpec) -> Job:
    child = Child(
        settings,
        database,
        ArtifactStore(settings.resolved_artifacts_url),
        ShutdownFlag(),
        LivenessTable(1).of_child(0),
        name="w",
        has_gpu=False,
        memory_bytes=1 << 40,
    )
    with database.write() as session:
        jobs.create(session, spec)
    with database.write() as session:
        job = leases.claim_next(session, worker="w", lease_seconds=60)
    assert job is not None
    assert run_attempt(child, job) is JobState.SUCCEEDED
    return job


def read(settings: Settings, file: object) -> dict[str, np.ndarray]:
    content = ArtifactStore(settings.resolved_artifacts_url).read(file)  # type: ignore[arg-type]  # either kind of file
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def test_a_network_is_evaluated_on_another_dataset(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec]
) -> None:
    draw(DatasetName.FASHION_MNIST, settings.datasets_dir, 0)
    other = draw(DatasetName.MNIST, settings.datasets_dir, 1)
    spec = make_spec(
        architecture={"layers": [{"type": "flatten"}]},
        dataset={"name": "fashion_mnist", "training_samples": 400, "validation_samples": 50},
        training={"epochs": 3, "optimizer": "adam", "batch_size": 32},
    )
    job = trained(settings, database, spec)
    with database.write() as session:
        for name in ("mnist", "fashion_mnist"):
            evaluations.ask(session, job.id, name)
    make_formats(settings)
    with database.read() as session:
        assert not evaluations.is_any_free(session)
        found = {name: evaluations.get(session, job.id, name) for name in ("mnist", "fashion_mnist")}
        own = artifacts.get(session, job.id, ArtifactKind.EVALUATION)
    assert own is not None
    files = {name: row.file for name, row in found.items() if row is not None and row.file is not None}
    elsewhere = read(settings, files["mnist"])
    np.testing.assert_array_equal(elsewhere["test_labels"], other.y_test)
    np.testing.assert_array_equal(elsewhere["validation_labels"], other.y_train[:5_000])
    right = (elsewhere["test_predicted"] == elsewhere["test_labels"]).mean()
    assert 0.9 < right <= 1
    assert elsewhere["test_cross_entropy"] > 0
    # On its own dataset it says what it said when it was trained.
    kept, again = read(settings, own), read(settings, files["fashion_mnist"])
    np.testing.assert_array_equal(kept["test_predicted"], again["test_predicted"])
    np.testing.assert_allclose(kept["test_confidence"], again["test_confidence"], rtol=1e-5)
    assert again["test_cross_entropy"] == pytest.approx(float(kept["test_cross_entropy"]), rel=1e-5)


def test_one_that_was_added_is_fetched_and_evaluated_on(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec]
) -> None:
    """This machine does not have it, its classes stand in another order, and its pixels are brighter."""
    data = load_digits()
    x, y = (data.images * 15).astype(np.uint8), 9 - data.target
    buffer = BytesIO()
    names = [str(number) for number in range(9, -1, -1)]
    parts = {"x_train": x[:100], "y_train": y[:100], "x_test": x[100:400], "y_test": y[100:400]}
    np.savez(buffer, allow_pickle=False, **parts, class_names=names)
    added = uploader(database, ArtifactStore(settings.resolved_artifacts_url))("turned", buffer.getvalue())
    check_datasets(settings)
    shutil.rmtree(settings.datasets_dir / "decoded")
    job = trained(settings, database, make_spec(training={"epochs": 5, "optimizer": "adam"}))
    with database.write() as session:
        evaluations.ask(session, job.id, added.id)
        evaluations.ask(session, job.id, "ds_deleted")
    make_formats(settings)
    with database.write() as session:
        row = evaluations.get(session, job.id, added.id)
        assert "was deleted" in (evaluations.take_error(session, job.id, "ds_deleted") or "")
    assert row is not None
    assert row.file is not None, row.error
    found = read(settings, row.file)
    np.testing.assert_array_equal(found["test_labels"], data.target[100:400])
    assert (found["test_predicted"] == found["test_labels"]).mean() > 0.8
    assert len(found["validation_labels"]) == 10


def test_a_dataset_that_cannot_be_had_is_an_answer(
    database: Database,
    settings: Settings,
    make_spec: Callable[..., JobSpec],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = SOURCES[DatasetName.MNIST]
    archives = tuple(replace(archive, url="http://127.0.0.1:9/mnist.npz") for archive in source.archives)
    monkeypatch.setitem(loading.SOURCES, DatasetName.MNIST, replace(source, archives=archives))
    job = trained(settings, database, make_spec(training={"epochs": 1}))
    with database.write() as session:
        evaluations.ask(session, job.id, "mnist")
    make_formats(settings)
    with database.write() as session:
        assert "Connection refused" in (evaluations.take_error(session, job.id, "mnist") or "")


def test_a_full_disk_is_told_when_it_was_so_again_and_again(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, make_spec: Callable[..., JobSpec]
) -> None:
    def no_room(*_: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(formats, "_make", no_room)
    monkeypatch.setattr(formats, "LEASE_SECONDS", -1)
    with database.write() as session:
        job = jobs.create(session, make_spec())
        evaluations.ask(session, job.id, "mnist")
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(OSError, match="No space"):
            make_formats(settings)
    make_formats(settings)
    with database.write() as session:
        assert "was full 3 times" in (evaluations.take_error(session, job.id, "mnist") or "")
