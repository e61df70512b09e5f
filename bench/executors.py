"""XLA against the TensorFlow graph, for every layer kind, the presets, and several batch sizes and types.

What the rule in ``normlab/training/compiled/executors.py`` rests on. For each network both executors take turns
on the same steps; printed are the medians of the turns, in milliseconds a step, and the seconds until the first step.
"""

import argparse
import os
import re

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from networks import CONVOLUTIONAL, NETWORKS

from normlab.spec import PRESETS, Device, JobSpec, parse_job_spec, plan_job
from normlab.training.batches import epoch_blocks
from normlab.training.compiled.cache import dtype_policy
from normlab.training.compiled.executors import Executor, choose_executor
from normlab.training.compiled.program import Program, Sums
from normlab.training.data import TrainingData, training_data

FLATTEN = {"type": "flatten"}
DENSE = {"type": "dense", "units": 100}
IMAGE = {"type": "reshape", "target_shape": [28, 28, 1]}
DENSE_ROWS = {"type": "dense", "units": 16}
CONVOLUTION = {"type": "conv2d", "filters": 16, "kernel_size": 3}

AFTER_A_DENSE_LAYER: list[dict[str, Any]] = [
    {"type": "batch_normalization"},
    {"type": "layer_normalization"},
    {"type": "group_normalization", "groups": 10},
    {"type": "dropout", "rate": 0.3},
    {"type": "reshape", "target_shape": [10, 10]},
    *(
        {"type": "activation", "activation": name}
        for name in ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign")
    ),
    *({"type": "activation", "activation": name} for name in ("sigmoid", "hard_sigmoid", "tanh")),
]
ON_IMAGES: dict[str, list[dict[str, Any]]] = {
    "conv2d": [CONVOLUTION],
    "conv2d, strides 2": [CONVOLUTION | {"strides": 2}],
    "conv2d, 28 x 28 kernel": [CONVOLUTION | {"kernel_size": 28}],
    "conv2d, 1 x 1 kernel": [CONVOLUTION | {"kernel_size": 1}],
    "max_pooling2d": [{"type": "max_pooling2d"}],
    "average_pooling2d": [{"type": "average_pooling2d"}],
    "max_pooling2d, overlapping": [{"type": "max_pooling2d", "pool_size": 3, "strides": 1}],
    "dense, max_pooling2d": [DENSE_ROWS, {"type": "max_pooling2d"}],
    "dense, max_pooling2d, overlapping": [
        DENSE_ROWS,
        {"type": "max_pooling2d", "pool_size": 3, "strides": 1},
    ],
    "dense, average_pooling2d": [DENSE_ROWS, {"type": "average_pooling2d"}],
    "depthwise_conv2d": [CONVOLUTION, {"type": "depthwise_conv2d", "kernel_size": 3}],
    "dense, depthwise_conv2d": [DENSE_ROWS, {"type": "depthwise_conv2d", "kernel_size": 3}],
    "dense, separable_conv2d": [DENSE_ROWS, {"type": "separable_conv2d", "filters": 16, "kernel_size": 3}],
    "conv1d": [
        {"type": "reshape", "target_shape": [28, 28]},
        {"type": "conv1d", "filters": 64, "kernel_size": 3},
    ],
    "conv2d in 4 groups": [DENSE_ROWS, CONVOLUTION | {"groups": 4}],
    "multi_head_attention": [
        {"type": "reshape", "target_shape": [28, 28]},
        {"type": "multi_head_attention", "num_heads": 4, "key_dim": 8},
    ],
    **{
        f"dense, {' '.join(str(value) for value in layer.values())}": [DENSE_ROWS, layer]
        for layer in (
            {"type": "global_max_pooling2d"},
            {"type": "zero_padding2d"},
            {"type": "up_sampling2d"},
            {"type": "up_sampling2d", "interpolation": "bilinear"},
            {"type": "prelu", "shared_axes": [1, 2]},
            {"type": "spatial_dropout2d", "rate": 0.3},
            {"type": "gaussian_dropout", "rate": 0.3},
            {"type": "gaussian_noise", "stddev": 0.3},
            {"type": "batch_normalization", "virtual_batch_size": 8},
            {"type": "batch_renormalization"},
            {"type": "instance_normalization"},
            {"type": "rms_normalization"},
            {"type": "unit_normalization"},
            {"type": "filter_response_normalization"},
            {"type": "lrn"},
            {"type": "scale_only"},
            {"type": "bias_only"},
        )
    },
    **{
        f"conv2d, {name}": [CONVOLUTION | {"kernel_normalization": name}]
        for name in ("spectral_normalization", "weight_normalization", "weight_standardization")
    },
    "batch_normalization of images": [{"type": "batch_normalization"}],
    "group_normalization of rows": [
        {"type": "reshape", "target_shape": [28, 28]},
        {"type": "group_normalization", "groups": 7},
    ],
    "dense of rows": [{"type": "reshape", "target_shape": [28, 28]}, {"type": "dense", "units": 16}],
    "dense of rows, global_average_pooling2d": [
        {"type": "dense", "units": 16},
        {"type": "global_average_pooling2d"},
    ],
}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Names, and what goes over the request ``{"architecture": "baseline"}``."""
    for name in PRESETS:
        yield name, {"architecture": name}
    for layer in AFTER_A_DENSE_LAYER:
        name = f"dense, {layer.get('activation', layer['type'])}"
        hidden = [FLATTEN, DENSE, layer, *([FLATTEN] if layer["type"] == "reshape" else [])]
        yield name, {"architecture": {"layers": hidden}}
    for name, hidden in ON_IMAGES.items():
        yield name, {"architecture": {"layers": [IMAGE, *hidden, FLATTEN]}}
    yield "convolutional", NETWORKS["convolutional"]
    yield "resnet20", NETWORKS["resnet20"]
    yield (
        "convolutional with dropout",
        {"architecture": {"layers": [*CONVOLUTIONAL, {"type": "dropout", "rate": 0.3}]}},
    )
    yield (
        "40 layers",
        {"architecture": {"layers": [FLATTEN, *([DENSE | {"units": 32, "activation": "relu"}] * 40)]}},
    )
    for optimizer in ("adam", "adamw", "rmsprop"):
        yield f"baseline, {optimizer}", {"training": {"optimizer": optimizer}}
    yield "dropout_adam", NETWORKS["dropout_adam"]
    for size in (1, 8, 256, 2048):
        yield f"baseline, batch {size}", {"training": {"batch_size": size}}
    for size in (1, 8, 256):
        yield f"batch_norm, batch {size}", {"architecture": "batch_norm", "training": {"batch_size": size}}
    for precision in ("mixed_bfloat16", "mixed_float16"):
        yield f"batch_norm, {precision}", {"architecture": "batch_norm", "training": {"precision": precision}}


class Turns:
    """One executor's runs of a network's first steps."""

    def __init__(self, spec: JobSpec, executor: Executor, data: TrainingData) -> None:
        self.samples = data.training
        self.program = Program(
            plan_job(spec),
            spec.training,
            pixel_max=spec.dataset.info.pixel_max,
            executor=executor,
            dtype_policy=dtype_policy(spec),
        )
        self.program.reset(1)
        self.block = next(epoch_blocks(spec, 1, self.program.rate_dtype, self.samples))
        self.milliseconds: list[float] = []
        began = perf_counter()
        self.run(1)
        self.compile_seconds = perf_counter() - began
        self.milliseconds.clear()

    def run(self, steps: int) -> float:
        began = perf_counter()
        float(self.program.train(self.samples, self.block, range(steps), Sums.of()).loss)
        seconds = perf_counter() - began
        self.milliseconds.append(seconds / steps * 1e3)
        return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with the dataset in it")
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="cases whose names this regular expression finds")
    options = parser.parse_args()
    print(
        "| network | XLA, ms a step | graph, ms a step | graph / XLA | XLA compiles, s | graph, s | the rule takes |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, given in cases():
        if not re.search(options.only, name):
            continue
        spec = parse_job_spec({"architecture": "baseline"} | given)
        data = training_data(spec, options.data)
        xla, graph = (Turns(spec, executor, data) for executor in (Executor.XLA, Executor.GRAPH))
        steps = min(len(xla.block.rates), max(1, round(0.05 / max(xla.run(2), graph.run(2)) * 2)))
        for _ in range(options.turns):
            xla.run(steps)
            graph.run(steps)
        fast, slow = median(xla.milliseconds[1:]), median(graph.milliseconds[1:])
        rule = choose_executor([item.layer for item in plan_job(spec)], Device.CPU)
        wrong = "" if (rule is Executor.XLA) == (fast < slow) else " (slower)"
        print(
            f"| {name} | {fast:.3f} | {slow:.3f} | {slow / fast:.2f} "
            f"| {xla.compile_seconds:.1f} | {graph.compile_seconds:.1f} | {rule}{wrong} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
