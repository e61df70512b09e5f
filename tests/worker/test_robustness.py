"""A worker asks trained networks about corrupted pictures of the test set that they have."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from normlab.settings import Settings
from normlab.spec import DatasetSpec, JobSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.robustness import CorruptionName, RobustnessRequest
from normlab.store import ArtifactKind, ArtifactStore, Database, Job, JobState, artifacts, robustness
from normlab.store.jobs import jobs, leases
from normlab.store.wanted import MAX_ATTEMPTS
from worker import robustness_process
from worker.liveness import LivenessTable
from worker.robustness_process import measure_robustness
from worker.runner import Child, run_attempt
from worker.shutdown import ShutdownFlag

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

REQUEST = RobustnessRequest(
    corruptions=(CorruptionName.BRIGHTNESS, CorruptionName.SHIFT), severities=(1, 5), samples=200
)
KEY = REQUEST.key(DatasetSpec(name="digits"))
FLATTEN = {"type": "flatten"}
ONE_LAYER = {"architecture": {"layers": [FLATTEN]}, "training": {"epochs": 1}}


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database.url.render_as_string(hide_password=False))


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


def ask(database: Database, *asked: Job) -> None:
    with database.write() as session:
        for job in asked:
            robustness.ask(session, job.id, KEY, REQUEST)


def answers(settings: Settings, database: Database, job: Job) -> CorrectAnswers:
    with database.read() as session:
        row = robustness.of_jobs(session, [job.id], KEY)[job.id]
    assert row.error is None
    assert row.file is not None
    return CorrectAnswers.from_bytes(ArtifactStore(settings.resolved_artifacts_url).read(row.file))


def test_networks_are_asked_about_the_same_pictures(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec]
) -> None:
    training = {"epochs": 6, "optimizer": "adam"}
    hidden = [FLATTEN, {"type": "batch_normalization"}, {"type": "dense", "units": 24, "activation": "relu"}]
    without, normalized = (
        trained(settings, database, make_spec(architecture={"layers": layers}, training=training))
        for layers in ([FLATTEN], hidden)
    )
    ask(database, without, normalized)
    measure_robustness(settings)
    plain, both = (answers(settings, database, job) for job in (without, normalized))
    assert plain.re_estimated is None
    assert "no layer" in plain.reason
    assert both.re_estimated is not None
    assert (len(both.layers), both.samples) == (1, 200)
    for of_network in (plain.trained, both.trained, both.re_estimated):
        assert of_network.clean.mean() > 0.6
        assert of_network.corrupted.shape == (2, 2, 200)
        # The largest shift takes more from digits of 8 by 8 pixels than the smallest.
        assert of_network.corrupted[1, 1].mean() < of_network.corrupted[1, 0].mean() < 1
    assert both.re_estimated.corrupted[0, 1].mean() > both.trained.corrupted[0, 1].mean()
    with database.read() as session:
        assert not robustness.is_any_free(session)


def test_a_network_that_cannot_be_asked_is_an_answer_and_stops_no_other(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec]
) -> None:
    whole, broken = (trained(settings, database, make_spec(**ONE_LAYER)) for _ in range(2))
    with database.write() as session:
        onnx = artifacts.get(session, broken.id, ArtifactKind.ONNX)
        assert onnx is not None
        path = ArtifactStore(settings.resolved_artifacts_url).local_path(onnx.path)
    assert path is not None
    path.write_bytes(b"")
    ask(database, broken, whole)
    measure_robustness(settings)
    assert np.isin(answers(settings, database, whole).trained.clean, (True, False)).all()
    with database.write() as session:
        assert "damaged" in (robustness.take_error(session, broken.id, KEY) or "")


def test_what_stops_the_process_is_tried_again(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    """An artifact store that is away is not the network's fault."""
    job = trained(settings, database, make_spec(**ONE_LAYER))
    ask(database, job)
    folder = Path(settings.resolved_artifacts_url)
    folder.rename(tmp_path / "away")
    with pytest.raises(Exception, match="artifact store"):
        measure_robustness(settings)
    (tmp_path / "away").rename(folder)
    with database.read() as session:
        row = robustness.of_jobs(session, [job.id], KEY)[job.id]
    assert (row.error, row.attempts) == (None, 0)


def test_a_full_disk_is_told_when_it_was_so_again_and_again(
    database: Database, settings: Settings, make_spec: Callable[..., JobSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(robustness_process, "LEASE_SECONDS", -1)
    monkeypatch.setattr(robustness_process, "MAX_TOGETHER", 1)
    monkeypatch.setattr(robustness_process._Lot, "measure", full)
    with database.write() as session:
        job = jobs.create(session, make_spec())
    ask(database, job)
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(OSError, match="No space left"):
            measure_robustness(settings)
    measure_robustness(settings)
    with database.read() as session:
        row = robustness.of_jobs(session, [job.id], KEY)[job.id]
    assert row.error is not None
    assert "was full 3 times" in row.error
