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

NETWORKS: dict[str, dict[str, Any]] = {
    "baseline": {"architecture": "baseline"},
    "batch_norm": {"architecture": "batch_norm"},
    "deep_sigmoid_with_batch_norm": {"architecture": "deep_sigmoid_with_batch_norm"},
    "dropout_adam": {"architecture": {"layers": WITH_DROPOUT}, "training": {"optimizer": "adam"}},
    "convolutional": {"architecture": {"layers": CONVOLUTIONAL}},
}
