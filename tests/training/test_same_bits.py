"""A spec gives the same bits whenever, wherever and in however many pieces it is run."""

import json
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from normlab.spec import JobSpec
from normlab.training import Checkpoint, CheckpointFolder, TrainResult, loop
from normlab.training.compiled import cache as programs
from support import trainings
from support.trainings import (
    BRANCHES,
    CONVOLUTION_WITH_DROPOUT,
    RESIDUAL_IMAGES,
    fingerprint,
    stopped_at,
)

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

Specs = dict[str, JobSpec]


@pytest.fixture(scope="module")
def specs(small_spec: Callable[..., JobSpec]) -> Specs:
    """Among them: both executors, every kind of state that a run has, and a run that stops early."""
    return {
        "baseline": small_spec("baseline"),
        "momentum_and_schedule": small_spec(
            [{"type": "flatten"}, {"type": "batch_normalization"}, {"type": "dense", "units": 20}],
            {
                "epochs": 3,
                "optimizer": {"name": "sgd", "momentum": 0.9, "learning_rate": 0.02},
                "learning_rate_schedule": {"name": "cosine", "warmup_epochs": 0.5},
            },
        ),
        "dropout_and_early_stopping": small_spec(
            [
                {"type": "flatten"},
                {"type": "dense", "units": 20, "activation": "relu", "kernel_regularizer": {"l2": 0.01}},
                {"type": "dropout", "rate": 0.4},
            ],
            {
                "epochs": 12,
                "optimizer": {"name": "adam", "learning_rate": 0.1},
                "early_stopping": {"monitor": "val_loss", "patience": 1, "restore_best_weights": True},
            },
        ),
        "averages_of_changed_pictures": small_spec(
            [{"type": "flatten"}, {"type": "batch_normalization"}, {"type": "dense", "units": 20}],
            {
                "epochs": 3,
                "loss": "focal",
                "class_weight": "balanced",
                "augmentation": ["flip", {"name": "crop", "padding": 1}, "mixup"],
                # Five batches an epoch: gradients are added up across epochs.
                "optimizer": {"name": "nadam", "ema_momentum": 0.9, "gradient_accumulation_steps": 3},
                "learning_rate_schedule": {"name": "constant", "warmup_steps": 4},
            },
        ),
        "schedule_free_convolution": small_spec(
            CONVOLUTION_WITH_DROPOUT,
            {
                "epochs": 4,
                "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
                "augmentation": ["rotation", "cutout", "contrast"],
                "optimizer": {"name": "schedule_free_adamw", "learning_rate": 0.1},
                "learning_rate_schedule": {"name": "reduce_on_plateau", "patience": 1, "min_delta": 0.5},
            },
        ),
        "muon_without_decay_of_biases": small_spec(
            "baseline_with_batch_norm",
            {
                "optimizer": {"name": "muon", "exclude_from_weight_decay": ["bias", "normalization"]},
                "learning_rate_schedule": "one_cycle",
            },
        ),
        "convolution": small_spec(
            CONVOLUTION_WITH_DROPOUT,
            {"optimizer": {"name": "rmsprop", "momentum": 0.5}},
            dataset={"name": "digits", "training_samples": 150, "validation_split": "random"},
        ),
        "residual_images": small_spec(RESIDUAL_IMAGES, {"optimizer": {"name": "sgd", "momentum": 0.9}}),
        "branches": small_spec(BRANCHES, {"optimizer": "adam"}),
    }


@pytest.fixture(scope="module")
def expected(specs: Specs, data_dir: Path) -> dict[str, dict[str, Any]]:
    """The fingerprints of each spec's first run in this process."""
    return {name: fingerprint(loop.train(spec, data_dir=data_dir)) for name, spec in specs.items()}


NAMES = [
    "baseline",
    "momentum_and_schedule",
    "dropout_and_early_stopping",
    "convolution",
    "residual_images",
    "branches",
    "averages_of_changed_pictures",
    "schedule_free_convolution",
    "muon_without_decay_of_biases",
]


@pytest.mark.parametrize("name", NAMES)
def test_again_with_a_warm_program(
    name: str, specs: Specs, expected: dict[str, Any], run: Callable[..., TrainResult]
) -> None:
    assert fingerprint(run(specs[name])) == expected[name]


def test_after_other_jobs_of_the_same_kind(
    specs: Specs,
    expected: dict[str, Any],
    run: Callable[..., TrainResult],
    small_spec: Callable[..., JobSpec],
) -> None:
    other = small_spec(
        "baseline", {"seed": 7, "optimizer": {"name": "sgd", "learning_rate": 0.3}, "epochs": 1}
    )
    assert fingerprint(run(other))["digests"] != expected["baseline"]["digests"]
    assert fingerprint(run(specs["baseline"])) == expected["baseline"]


def test_early_stopping_is_among_the_cases(expected: dict[str, Any]) -> None:
    stopped = expected["dropout_and_early_stopping"]
    assert stopped["stop_reason"] == "early_stopping"
    assert stopped["kept_epoch"] < len(stopped["history"])


def test_in_another_process_in_another_order_and_nothing_is_left_of_it(
    specs: Specs, expected: dict[str, Any], data_dir: Path, tmp_path: Path
) -> None:
    names = list(reversed(specs))
    found = subprocess.run(
        [sys.executable, trainings.__file__, str(data_dir)],
        input=json.dumps([specs[name].to_document() for name in names]),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": "5", "TMPDIR": str(tmp_path)},
    )
    assert found.returncode == 0, found.stderr
    assert dict(zip(names, json.loads(found.stdout), strict=True)) == expected
    # TensorFlow's autograph would write a file for each function here, and remove it only when the process ends well.
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def busy_cores() -> Iterator[None]:
    """Two processes for each core that do nothing but count."""
    count = [sys.executable, "-c", "import sys; print(flush=True)\nwhile True: pass"]
    with ExitStack() as stack:
        for _ in range(2 * (os.cpu_count() or 1)):
            process = stack.enter_context(subprocess.Popen(count, stdout=subprocess.PIPE))
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()  # it runs
        yield


@pytest.mark.usefixtures("busy_cores")
def test_under_load(specs: Specs, expected: dict[str, Any], run: Callable[..., TrainResult]) -> None:
    assert {name: fingerprint(run(spec)) for name, spec in specs.items()} == expected


@pytest.fixture
def checks_after_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_SEGMENT_SECONDS", 0.0)


@pytest.mark.usefixtures("checks_after_every_step")
@pytest.mark.parametrize("name", NAMES)
def test_stopped_after_every_step_and_resumed_each_time(
    name: str, specs: Specs, expected: dict[str, Any], data_dir: Path, run: Callable[..., TrainResult]
) -> None:
    checkpoint: Checkpoint | None = None
    places = []
    while (following := stopped_at(specs[name], data_dir, 1, checkpoint)) is not None:
        checkpoint = following
        places.append((checkpoint.epoch, checkpoint.step))
    # Each attempt may make one step more, and is stopped when it has made the next.
    assert [step for epoch, step in places if epoch == 0][:2] == [2, 4]
    assert len({epoch for epoch, _ in places}) == len(expected[name]["history"])
    assert fingerprint(run(specs[name], resume_from=checkpoint)) == expected[name]


@pytest.mark.usefixtures("checks_after_every_step")
def test_resumed_by_a_process_without_the_program(
    specs: Specs, expected: dict[str, Any], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = specs["momentum_and_schedule"]
    checkpoint = stopped_at(spec, data_dir, 7)
    assert checkpoint is not None
    monkeypatch.setattr(programs, "_cache", OrderedDict())
    result = loop.train(spec, data_dir=data_dir, resume_from=checkpoint)
    assert fingerprint(result) == expected["momentum_and_schedule"]


def test_resumed_from_the_checkpoint_of_an_epochs_end(
    specs: Specs, expected: dict[str, Any], data_dir: Path, tmp_path: Path
) -> None:
    folder = CheckpointFolder(tmp_path)

    class KeepsTheFirst(trainings.Recorder):
        def checkpoint_due(self) -> bool:
            return folder.latest() is None

        def save(self, checkpoint: Checkpoint) -> None:
            folder.write(checkpoint)

    for name, spec in specs.items():
        loop.train(spec, data_dir=data_dir, context=KeepsTheFirst())
        checkpoint = folder.latest()
        assert checkpoint is not None
        assert (checkpoint.epoch, checkpoint.step) == (1, 0)
        assert fingerprint(loop.train(spec, data_dir=data_dir, resume_from=checkpoint)) == expected[name]
        for file in tmp_path.iterdir():
            file.unlink()
