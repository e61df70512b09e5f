"""The networks of the benchmark, as Normlab's requests. The peers write each by hand, by its name."""

from typing import Any

CONVOLUTIONAL = [
    {"type": "reshape", "target_shape": [28, 28, 1]},
    {"type": "conv2d", "filters": 16, "kernel_size": 3},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "conv2d", "filters": 32, "kernel_size": 3},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
]

WITH_DROPOUT = [
    {"type": "flatten"},
    {"type": "dense", "units": 300, "activation": "relu"},
    {"type": "dropout", "rate": 0.3},
    {"type": "dense", "units": 100, "activation": "relu"},
    {"type": "dropout", "rate": 0.3},
]


def _stage(filters: int, strides: int) -> list[dict[str, Any]]:
    """Three residual blocks; the first of them may halve the image."""
    kernel = {"type": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same"}
    normalized, relu = {"type": "batch_normalization"}, {"type": "activation", "activation": "relu"}
    blocks = []
    for first in (strides, 1, 1):
        inner = [kernel | {"strides": first}, normalized, relu, kernel, normalized]
        shortcut = [kernel | {"kernel_size": 1, "strides": first}, normalized] if first > 1 else "identity"
        blocks += [{"type": "residual", "layers": inner, "shortcut": shortcut}, relu]
    return blocks


RESNET20 = [
    {"type": "reshape", "target_shape": [28, 28, 1]},
    {"type": "conv2d", "filters": 16, "kernel_size": 3, "padding": "same"},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"},
    *_stage(16, 1),
    *_stage(32, 2),
    *_stage(64, 2),
    {"type": "global_average_pooling2d"},
]
"""He et al. 2016, section 4.2, with convolutions as shortcuts where the shape changes."""

TRAINING_SAMPLES = {"resnet20": 3_200}
"""Of an epoch, where it is not all 55,000: the network takes a second for ten steps."""

NETWORKS: dict[str, dict[str, Any]] = {
    "baseline": {"architecture": "baseline"},
    "batch_norm": {"architecture": "batch_norm"},
    "deep_sigmoid_with_batch_norm": {"architecture": "deep_sigmoid_with_batch_norm"},
    "dropout_adam": {"architecture": {"layers": WITH_DROPOUT}, "training": {"optimizer": "adam"}},
    "convolutional": {"architecture": {"layers": CONVOLUTIONAL}},
    "resnet20": {
        "architecture": {"layers": RESNET20},
        "dataset": {"name": "fashion_mnist", "training_samples": TRAINING_SAMPLES["resnet20"]},
    },
}
