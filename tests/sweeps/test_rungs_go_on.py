"""Successive halving with real training: a rung's run goes on where the one before it ended, with the same bits."""

import dataclasses
import logging

import pytest

from normlab.settings import Settings
from normlab.spec import parse_job_spec
from normlab.spec.epochs import EpochMetrics
from normlab.store import ArtifactStore
from normlab.store.jobs import jobs, reports
from normlab.training import CheckpointFolder, train
from normlab.training.context import Context
from sweeps.conftest import Laboratory
from worker.liveness import LivenessTable
from worker.runner import Child, run_next_job
from worker.shutdown import ShutdownFlag

LAYERS = [
    {"type": "flatten"},
    {"type": "dense", "units": 8},
    {"type": "batch_normalization"},
    {"type": "dropout", "rate": 0.2},
]
SPEC = {
    "architecture": {"layers": LAYERS},
    "dataset": "digits",
    "training": {
        "epochs": 3,
        "batch_size": 128,
        "optimizer": "adam",
        "learning_rate_schedule": "exponential",
    },
}
REQUEST = {
    "arms": [{"name": "a", "spec": SPEC}],
    "space": {"training.optimizer.learning_rate": {"log": [1e-3, 0.1]}},
    "strategy": "successive_halving",
    "budget": {"jobs": 4},
    "seeds": 1,
}


@pytest.fixture
def child(sqlite_database, tmp_path):
    return Child(
        Settings(data_dir=tmp_path),
        sqlite_database,
        ArtifactStore(str(tmp_path / "artifacts")),
        ShutdownFlag(),
        LivenessTable(1).of_child(0),
        name="w",
        has_gpu=False,
        memory_bytes=1 << 40,
    )


def test_a_rung_goes_on_and_has_the_bits_of_a_run_from_the_start(child, caplog):
    caplog.set_level(logging.INFO)
    laboratory = Laboratory(child.database)
    sweep = laboratory.create(REQUEST)
    while run_next_job(child):
        pass
    assert len(laboratory.advance()) == 1
    longer = run_next_job(child)
    first = next(
        member for member in laboratory.members(sweep) if member.number == _last(laboratory, sweep).number
    )
    assert f"{longer}: goes on after epoch 1 of {first.job_id}" in caplog.text
    with child.database.read() as session:
        job = jobs.get(session, longer)
        rows = reports.epochs(session, longer)
        curve = [EpochMetrics.model_validate(row, from_attributes=True) for row in rows]
    straight = train(parse_job_spec(job.spec), probes="off")
    assert job.digests["final_weights"] == straight.digests["final_weights"]
    assert job.digests["data_order"] == straight.digests["data_order"]
    assert [(point.loss, point.val_loss) for point in curve] == [
        (point.loss, point.val_loss) for point in straight.history
    ]
    laboratory.advance()
    assert laboratory.get(sweep).state == "finished"


def _last(laboratory, sweep):
    return max(laboratory.points(sweep), key=lambda point: point.round)


def test_a_checkpoint_is_taken_for_the_beginning_of_no_other_run(tmp_path, make_spec):
    short = make_spec({"epochs": 1})
    folder = CheckpointFolder(tmp_path)

    class Saving(Context):
        def checkpoint_due(self):
            return True

        def save(self, checkpoint):
            folder.write(checkpoint)

    train(short, context=Saving(), probes="off")
    end = folder.latest()
    longer = make_spec({"epochs": 3})
    assert end.for_longer(longer) == dataclasses.replace(end, spec_digest=longer.digest)
    assert end.for_longer(short) is None
    assert end.for_longer(make_spec({"epochs": 3, "seed": 7})) is None
    assert end.for_longer(make_spec({"epochs": 3, "learning_rate_schedule": "cosine"})) is None
    cosine = make_spec({"epochs": 1, "learning_rate_schedule": "cosine"})
    of_cosine = dataclasses.replace(end, spec_digest=cosine.digest)
    assert of_cosine.for_longer(make_spec({"epochs": 3, "learning_rate_schedule": "cosine"})) is None
