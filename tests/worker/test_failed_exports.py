"""A file of the trained network that cannot be offered is a warning of the job, and its download says why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.store import ArtifactKind, ArtifactStore, Database, EventKind, JobState, artifacts
from normlab.store.jobs import events, jobs, leases
from normlab.training.export import serving_function
from worker.liveness import LivenessTable
from worker.runner import Child, run_attempt
from worker.shutdown import ShutdownFlag


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_its_runtime_computes_wrongly_is_a_warning(
    database: Database,
    make_spec: Callable[..., JobSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Written as it stands, LiteRT's interpreter computes this convolution wrongly.
    monkeypatch.setattr(serving_function, "portable", lambda network: network)
    layers = [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {"type": "conv2d", "filters": 4, "kernel_size": [3, 1], "strides": [1, 2], "padding": "same"},
        {"type": "flatten"},
    ]
    settings = Settings(data_dir=tmp_path)
    child = Child(
        settings,
        database,
        ArtifactStore(str(tmp_path / "artifacts")),
        ShutdownFlag(),
        LivenessTable(1).of_child(0),
        name="w",
        has_gpu=False,
        memory_bytes=1 << 40,
    )
    with database.write() as session:
        jobs.create(session, make_spec(architecture={"layers": layers}))
    with database.write() as session:
        job = leases.claim_next(session, worker="w", lease_seconds=60)
    assert job is not None
    assert run_attempt(child, job) is JobState.SUCCEEDED
    with database.read() as session:
        ended = jobs.get(session, job.id)
        (warned,) = (event.data for event in events.after(session, job.id) if event.kind is EventKind.WARNING)
        kept = {file.kind for file in artifacts.of_job(session, job.id)}
    assert warned["code"] == "export_failed"
    assert "in LiteRT's default interpreter its probabilities are wrong" in warned["detail"]
    assert "use another format" in warned["detail"]
    assert kept == set(ArtifactKind) - {ArtifactKind.LITERT}
    assert ended.result is not None
    assert set(ended.result["export_errors"]) == {"litert"}
