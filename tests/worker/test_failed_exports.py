"""A file of the trained network that cannot be offered is a warning of the job, and its download says why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.spec.export_formats import ON_REQUEST
from normlab.spec.fields import Activation
from normlab.store import (
    ArtifactKind,
    ArtifactStore,
    Database,
    EventKind,
    Job,
    JobState,
    artifacts,
    format_requests,
)
from normlab.store.jobs import events, jobs, leases
from normlab.training.export import onnx_planned, serving_function
from worker.formats import make_formats
from worker.liveness import LivenessTable
from worker.runner import Child, run_attempt
from worker.shutdown import ShutdownFlag

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

WRONG_IN_LITERT = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": [3, 1], "strides": [1, 2], "padding": "same"},
    {"type": "activation", "activation": "elu"},
    {"type": "flatten"},
]
"""Written as it stands, LiteRT's interpreter computes this convolution wrongly."""


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database.url.render_as_string(hide_password=False))


@pytest.fixture
def train(database: Database, settings: Settings, make_spec: Callable[..., JobSpec]) -> Callable[[], Job]:
    """Trains ``WRONG_IN_LITERT`` to its end."""

    def run() -> Job:
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
            jobs.create(session, make_spec(architecture={"layers": WRONG_IN_LITERT}))
        with database.write() as session:
            job = leases.claim_next(session, worker="w", lease_seconds=60)
        assert job is not None
        assert run_attempt(child, job) is JobState.SUCCEEDED
        with database.read() as session:
            return jobs.get(session, job.id)

    return run


def kept(database: Database, job: Job) -> set[ArtifactKind]:
    with database.read() as session:
        return {file.kind for file in artifacts.of_job(session, job.id)}


def test_a_file_that_its_runtime_computes_wrongly_is_a_warning(
    database: Database, train: Callable[[], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: Any = {Activation.ELU: lambda graph, x: graph.node("Relu", x)}
    monkeypatch.setattr(onnx_planned, "ACTIVATIONS", {**onnx_planned.ACTIVATIONS, **wrong})
    ended = train()
    with database.read() as session:
        told = [event.data for event in events.after(session, ended.id) if event.kind is EventKind.WARNING]
    (warned,) = (data for data in told if data["code"] == "export_failed")
    assert "in onnxruntime its probabilities are wrong" in warned["detail"]
    assert "use another format" in warned["detail"]
    assert kept(database, ended) == set(ArtifactKind) - {
        ArtifactKind.ONNX,
        *ON_REQUEST,
        ArtifactKind.ROBUSTNESS,
    }
    assert ended.result is not None
    assert set(ended.result["export_errors"]) == {"onnx"}


def test_formats_on_request_are_made_of_the_keras_file_and_one_that_cannot_be_says_why(
    database: Database, settings: Settings, train: Callable[[], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = train()
    assert kept(database, ended) == set(ArtifactKind) - {*ON_REQUEST, ArtifactKind.ROBUSTNESS}
    monkeypatch.setattr(serving_function, "portable", lambda network: network)
    with database.write() as session:
        for kind in ON_REQUEST:
            format_requests.ask(session, ended.id, kind)
    make_formats(settings)
    with database.read() as session:
        (left,) = format_requests.of_job(session, ended.id).values()
        made = artifacts.get(session, ended.id, ArtifactKind.SAVED_MODEL)
    assert left.kind is ArtifactKind.LITERT
    assert "in LiteRT's default interpreter its probabilities are wrong" in (left.error or "")
    assert made is not None
    assert ArtifactStore(settings.resolved_artifacts_url).read(made)


def test_a_format_whose_keras_file_is_lost_says_so(
    database: Database, settings: Settings, train: Callable[[], Job]
) -> None:
    ended = train()
    with database.write() as session:
        file = artifacts.get(session, ended.id, ArtifactKind.KERAS)
        assert file is not None
        (settings.data_dir / "artifacts" / file.path).unlink()
        format_requests.ask(session, ended.id, ArtifactKind.LITERT)
    make_formats(settings)
    with database.read() as session:
        (left,) = format_requests.of_job(session, ended.id).values()
    assert "is lost" in (left.error or "")
