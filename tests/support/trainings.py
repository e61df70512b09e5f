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


NEW_KINDS: dict[str, list[dict[str, Any]]] = {
    "images": [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {"type": "zero_padding2d", "padding": [[1, 0], [2, 1]]},
        {"type": "conv2d", "filters": 4, "kernel_size": 3, "kernel_normalization": "weight_normalization"},
        {"type": "instance_normalization"},
        {"type": "depthwise_conv2d", "kernel_size": 2, "depth_multiplier": 2, "activation": "relu"},
        {"type": "filter_response_normalization"},
        {"type": "spatial_dropout2d", "rate": 0.5},
        {"type": "up_sampling2d"},
        {
            "type": "conv2d",
            "filters": 6,
            "kernel_size": 2,
            "groups": 2,
            "kernel_regularizer": {"orthogonal": 0.1},
        },
        {"type": "lrn", "depth_radius": 1},
        {"type": "prelu", "shared_axes": [1, 2]},
        {"type": "batch_normalization", "virtual_batch_size": 8},
        {"type": "separable_conv2d", "filters": 5, "kernel_size": 3, "strides": 2, "padding": "same"},
        {"type": "scale_only"},
        {"type": "up_sampling2d", "size": [2, 1], "interpolation": "bilinear"},
        {"type": "gaussian_noise", "stddev": 0.5},
        {"type": "global_max_pooling2d"},
        {"type": "bias_only", "scalar": True},
        {"type": "dense", "units": 8, "kernel_normalization": "spectral_normalization"},
        {"type": "batch_renormalization"},
    ],
    "rows": [
        {"type": "conv1d", "filters": 6, "kernel_size": 3, "padding": "causal", "groups": 2},
        {"type": "rms_normalization"},
        {"type": "multi_head_attention", "num_heads": 2, "key_dim": 3, "value_dim": 2, "dropout": 0.1},
        {"type": "unit_normalization"},
        {"type": "conv1d", "filters": 5, "kernel_size": 3, "dilation_rate": 2, "padding": "same"},
        {"type": "gaussian_dropout", "rate": 0.5},
        {"type": "scale_only", "scalar": True, "initial": 0.5},
        {"type": "prelu"},
        {"type": "flatten"},
        {"type": "dense", "units": 8, "kernel_normalization": "weight_standardization"},
    ],
}
"""All that came after the first twelve kinds, on images and on rows."""


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
