"""What two trainings must have in common, and ways to interrupt one."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from normlab.spec import JobSpec, parse_job_spec
from normlab.training import Checkpoint, Context, Stopped, TrainResult, train
from normlab.training.context import Report

CONVOLUTION_WITH_DROPOUT = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
    {"type": "batch_normalization"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
    {"type": "dropout", "rate": 0.3},
]

RESIDUAL_IMAGES = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same"},
    {
        "type": "repeat",
        "times": 2,
        "layers": [
            {
                "type": "residual",
                "layers": [
                    {"type": "batch_normalization"},
                    {"type": "activation", "activation": "relu"},
                    {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same"},
                ],
            }
        ],
    },
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "filters": 6, "kernel_size": 3, "padding": "same", "strides": 2},
            {"type": "batch_normalization"},
        ],
        "shortcut": [
            {"type": "conv2d", "filters": 6, "kernel_size": 1, "strides": 2},
            {"type": "batch_normalization"},
        ],
    },
    {"type": "activation", "activation": "relu"},
    {"type": "dropout", "rate": 0.2},
    {"type": "global_average_pooling2d"},
]
"""Blocks that run as a TensorFlow graph."""
BRANCHES = [
    {"type": "flatten"},
    {
        "type": "branches",
        "merge": "concatenate",
        "branches": [
            [],
            [{"type": "dense", "units": 12, "activation": "relu"}, {"type": "dropout", "rate": 0.3}],
            [
                {"type": "batch_normalization"},
                {"type": "dense", "units": 12},
                {"type": "dropout", "rate": 0.1},
            ],
        ],
    },
    {
        "type": "branches",
        "merge": "multiply",
        "branches": [[], [{"type": "dense", "units": 1, "activation": "sigmoid"}]],
    },
    {"type": "residual", "layers": [{"type": "dense", "units": 88}]},
]
"""Blocks that XLA compiles."""


def fingerprint(result: TrainResult) -> dict[str, Any]:
    """Everything of a result that must be the same bits in every run of its spec: all but times and places."""
    history = [
        {name: value for name, value in record.model_dump().items() if not name.endswith("_seconds")}
        for record in result.history
    ]
    return {
        "history": history,
        "kept_epoch": result.kept_epoch,
        "stop_reason": result.stop_reason,
        "test_loss": result.test_loss,
        "test_correct": result.test_correct.tolist(),
        "settled": result.population and [result.population.val_accuracy, result.population.test_accuracy],
        "digests": result.digests,
    }


class StopAfter(Context):
    """Asks the run to stop when it has been asked ``times`` times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def should_stop(self) -> bool:
        self.left -= 1
        return self.left < 0


class Recorder(Context):
    """Keeps everything that it is told."""

    def __init__(self) -> None:
        self.events: list[Report] = []

    def report(self, event: Report) -> None:
        self.events.append(event)


def stopped_at(
    spec: JobSpec, data_dir: Path, times: int, resume_from: Checkpoint | None = None
) -> Checkpoint | None:
    """The checkpoint, through its bytes, of a run that ``StopAfter(times)`` stops; None when it ends before."""
    try:
        train(spec, data_dir=data_dir, context=StopAfter(times), resume_from=resume_from)
    except Stopped as stopped:
        return Checkpoint.from_bytes(stopped.checkpoint.to_bytes())
    return None


if __name__ == "__main__":
    # In a process of its own, told the data folder: documents of specs on stdin, fingerprints on stdout.
    specs = [parse_job_spec(document) for document in json.load(sys.stdin)]
    results = [train(spec, data_dir=Path(sys.argv[1])) for spec in specs]
    json.dump([fingerprint(result) for result in results], sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # as a process that is killed: nothing is tidied up
