"""Networks with a planted fault, and healthy ones: what a diagnosis has to tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from normlab.analysis.diagnosis.rules import PROBES_READ
from normlab.spec import JobSpec, parse_job_spec

Layers = Sequence[Mapping[str, Any]]

FLATTEN = {"type": "flatten"}
IMAGE = {"type": "reshape", "target_shape": [-1, 8, 1]}
NORMALIZATION = {"type": "batch_normalization"}
POOLING = {"type": "max_pooling2d"}
ADAM = {"optimizer": "adam"}


def dense(units: int, activation: str = "relu", **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, "activation": activation, **options}


def convolution(filters: int, activation: str = "relu", **options: Any) -> dict[str, Any]:
    return {
        "type": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", "activation": activation, **options
    }  # fmt: skip


def sgd(rate: float, **options: Any) -> dict[str, Any]:
    return {"optimizer": {"name": "sgd", "learning_rate": rate, **options}}


def adam(rate: float) -> dict[str, Any]:
    return {"optimizer": {"name": "adam", "learning_rate": rate}}


SIZES: Mapping[str, Mapping[str, Any]] = {
    "digits": {"name": "digits"},
    "fashion_mnist": {"name": "fashion_mnist", "training_samples": 2_048, "validation_samples": 1_000},
}
"""The datasets, of a large one so much that the zoo is trained in minutes."""


@dataclass(frozen=True)
class Planted:
    """A network with a fault."""

    code: str
    """Of the finding that has to be made."""
    layers: frozenset[str]
    """In one of which; of several any one has the fault."""
    architecture: str | Layers
    training: Mapping[str, Any]
    dataset: Mapping[str, Any] | None = None

    def spec(self, seed: int, dataset: str) -> JobSpec:
        return job(self.architecture, self.training, seed, {**SIZES[dataset], **(self.dataset or {})})


@dataclass(frozen=True)
class Healthy:
    """A network of which no problem may be found."""

    architecture: str | Layers
    training: Mapping[str, Any]

    def spec(self, seed: int, dataset: str) -> JobSpec:
        return job(self.architecture, self.training, seed, SIZES[dataset])


def job(
    architecture: str | Layers, training: Mapping[str, Any], seed: int, dataset: Mapping[str, Any]
) -> JobSpec:
    """A job that measures what a diagnosis reads."""
    layers = (
        architecture
        if isinstance(architecture, str)
        else {"layers": [sized for each in architecture for sized in _sized(each, dataset)]}
    )
    return parse_job_spec({
        "architecture": layers,
        "dataset": dataset,
        "training": {**training, "seed": seed},
        "probes": list(PROBES_READ),
    })  # fmt: skip


def _sized(layer: Mapping[str, Any], dataset: Mapping[str, Any]) -> Layers:
    """The same layer for larger pictures, of which convolutions see a quarter of the pixels."""
    if layer["type"] == "reshape" and dataset["name"] != "digits":
        return {**layer, "target_shape": [28, 28, 1]}, POOLING
    return (layer,)


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


_BATCH_NORMALIZED = (FLATTEN, dense(64), NORMALIZATION, dense(64), NORMALIZATION)
_BOTH = _of("batch_normalization_1", "batch_normalization_2")
_FEW = {"validation_samples": 300, "training_samples": 1024}

PLANTED: Mapping[str, Planted] = {
    "deep sigmoid": Planted(
        "vanishing_gradients", _of("dense_1"), "deep_sigmoid", {"epochs": 3, **sgd(0.01)}
    ),
    "deep tanh, drawn too small": Planted(
        "vanishing_gradients",
        _of("dense_1"),
        (FLATTEN, *(dense(50, "tanh", kernel_initializer="random_normal"),) * 12),
        {"epochs": 3, **sgd(0.01)},
    ),
    "deep linear, drawn too large": Planted(
        "exploding_gradients",
        _of("dense_1"),
        (FLATTEN, *(dense(50, "linear", kernel_initializer="he_normal"),) * 30),
        {"epochs": 2, **sgd(1e-9)},
    ),
    "learning rate too small": Planted(
        "layer_not_learning", _of("dense_1", "dense_2", "output"), "baseline", {"epochs": 3, **sgd(1e-7)}
    ),
    "a layer behind dead ones": Planted(
        "layer_not_learning",
        _of("dense_1", "dense_2"),
        (FLATTEN, dense(64), dense(64, kernel_initializer="zeros"), dense(64)),
        {"epochs": 3, **sgd(0.05)},
    ),
    "learning rate kills ReLU": Planted(
        "dead_units",
        _of("dense_1", "dense_2"),
        (FLATTEN, dense(100), dense(100)),
        {"epochs": 4, **sgd(3.0)},
    ),
    "saturated tanh": Planted(
        "saturated_units",
        _of("dense_1"),
        (FLATTEN, dense(64, "tanh", kernel_initializer="ones"), dense(64, "tanh")),
        {"epochs": 3, **sgd(0.01)},
    ),
    "ones for a start": Planted(
        "initialization_out_of_scale",
        _of("output"),
        (FLATTEN, dense(64, kernel_initializer="ones"), dense(64)),
        {"epochs": 3, **adam(0.001)},
    ),
    "deep ReLU, drawn too small": Planted(
        "initialization_out_of_scale",
        frozenset(f"dense_{n}" for n in range(2, 9)),
        (FLATTEN, *(dense(50, kernel_initializer="random_normal"),) * 8),
        {"epochs": 3, **adam(0.001)},
    ),
    "Adam at 0.5": Planted(
        "steps_too_large",
        _of("dense_1", "dense_2", "output"),
        (FLATTEN, dense(100), dense(100)),
        {"epochs": 3, **adam(0.5)},
    ),
    "L2 of 1": Planted(
        "penalty_dominates",
        _of("dense_1", "dense_2"),
        (FLATTEN, dense(64, kernel_regularizer={"l2": 1.0}), dense(64, kernel_regularizer={"l2": 1.0})),
        {"epochs": 4, **adam(0.001)},
    ),
    "two layers of ones": Planted(
        "rank_collapse",
        _of("dense_1"),
        (FLATTEN, dense(64, "tanh", kernel_initializer="ones"), dense(64, "tanh", kernel_initializer="ones")),
        {"epochs": 3, **sgd(0.01)},
    ),
    "momentum of 0.999": Planted(
        "stale_statistics",
        _BOTH,
        (
            FLATTEN,
            dense(64),
            {**NORMALIZATION, "momentum": 0.999},
            dense(64),
            {**NORMALIZATION, "momentum": 0.999},
        ),
        {"epochs": 5, **adam(0.003)},
    ),
    "no momentum, small batches": Planted(
        "wrong_statistics",
        _BOTH,
        (
            FLATTEN,
            dense(64),
            {**NORMALIZATION, "momentum": 0.01},
            dense(64),
            {**NORMALIZATION, "momentum": 0.01},
        ),
        {"epochs": 4, "batch_size": 4, **adam(0.001)},
        {"validation_samples": 300, "training_samples": 1024},
    ),
    "batches of 2": Planted(
        "batch_too_small", _BOTH, _BATCH_NORMALIZED, {"epochs": 3, "batch_size": 2, **adam(0.001)}, _FEW
    ),
    "a last batch of one": Planted(
        "last_batch_of_one",
        _BOTH,
        (
            FLATTEN,
            dense(64),
            {**NORMALIZATION, "momentum": 0.2},
            dense(64),
            {**NORMALIZATION, "momentum": 0.2},
        ),
        {"epochs": 4, "batch_size": 31, **adam(0.001)},
        _FEW,
    ),
    "normalized raw pixels": Planted(
        "amplified_inputs",
        _of("batch_normalization_1"),
        (FLATTEN, {**NORMALIZATION, "momentum": 0.9}, dense(64), NORMALIZATION),
        {"epochs": 6, **ADAM},
    ),
    "a warm-up to 30": Planted(
        "training_diverges",
        _of(""),
        (FLATTEN, dense(64, "tanh"), dense(64, "tanh")),
        {
            "epochs": 6,
            "optimizer": {"name": "sgd", "learning_rate": 30.0},
            "learning_rate_schedule": {"name": "cosine", "warmup_epochs": 6},
        },
    ),
    "a hundred samples": Planted(
        "overfitting",
        _of(""),
        (FLATTEN, dense(256), dense(256)),
        {"epochs": 120, **adam(0.003)},
        {"validation_samples": 1_000, "training_samples": 100},
    ),
    "too few epochs": Planted("training_unfinished", _of(""), "baseline", {"epochs": 4, **sgd(0.004)}),
    "never left its start": Planted("loss_at_ceiling", _of(""), "deep_sigmoid", {"epochs": 3, **sgd(0.001)}),
}
"""By what was done to them."""

_HE = {"kernel_initializer": "he_normal"}
_MOMENTUM = sgd(0.01, momentum=0.9)

HEALTHY: Mapping[str, Healthy] = {
    "baseline": Healthy("baseline", {"epochs": 15, **sgd(0.05)}),
    "baseline, Adam": Healthy("baseline", {"epochs": 12, **ADAM}),
    "batch_norm": Healthy("batch_norm", {"epochs": 15, **sgd(0.05)}),
    "baseline_with_batch_norm": Healthy("baseline_with_batch_norm", {"epochs": 15, **sgd(0.05)}),
    "deep_sigmoid_with_batch_norm": Healthy("deep_sigmoid_with_batch_norm", {"epochs": 15, **adam(0.003)}),
    "ReLU": Healthy((FLATTEN, dense(100, **_HE), dense(100, **_HE)), {"epochs": 15, **_MOMENTUM}),
    "deep ReLU": Healthy((FLATTEN, *(dense(64, **_HE),) * 6), {"epochs": 15, **ADAM}),
    "ELU": Healthy((FLATTEN, dense(100, "elu"), dense(50, "elu")), {"epochs": 12, **ADAM}),
    "GELU": Healthy((FLATTEN, dense(100, "gelu"), dense(50, "gelu")), {"epochs": 12, **ADAM}),
    "SELU": Healthy(
        (FLATTEN, *(dense(64, "selu", kernel_initializer="lecun_normal"),) * 5), {"epochs": 12, **_MOMENTUM}
    ),
    "tanh": Healthy((FLATTEN, dense(100, "tanh"), dense(50, "tanh")), {"epochs": 15, **_MOMENTUM}),
    "two sigmoids": Healthy(
        (FLATTEN, dense(100, "sigmoid"), dense(50, "sigmoid")), {"epochs": 20, **adam(0.003)}
    ),
    "Swish": Healthy((FLATTEN, dense(100, "silu"), dense(50, "mish")), {"epochs": 12, **ADAM}),
    "convolutions": Healthy(
        (IMAGE, convolution(16), POOLING, convolution(32), FLATTEN, dense(64)), {"epochs": 8, **ADAM}
    ),
    # With momentum 0.99 this one is not healthy: weights outrun the moving statistics (docs/diagnosis.md).
    "convolutions, normalized": Healthy(
        (
            IMAGE,
            convolution(16, "linear"),
            {**NORMALIZATION, "momentum": 0.9},
            {"type": "activation", "activation": "relu"},
            POOLING,
            convolution(32, "linear"),
            {**NORMALIZATION, "momentum": 0.9},
            {"type": "activation", "activation": "relu"},
            {"type": "global_average_pooling2d"},
        ),
        {"epochs": 15, **adam(0.001)},
    ),
    "four convolutions": Healthy(
        (IMAGE, convolution(8), convolution(8), POOLING, convolution(16), convolution(16), FLATTEN),
        {"epochs": 10, **adam(0.002)},
    ),
    "dropout": Healthy(
        (FLATTEN, dense(128), {"type": "dropout", "rate": 0.3}, dense(64), {"type": "dropout", "rate": 0.3}),
        {"epochs": 15, **ADAM},
    ),
    "layer normalization": Healthy(
        (FLATTEN, dense(64), {"type": "layer_normalization"}, dense(64), {"type": "layer_normalization"}),
        {"epochs": 12, **ADAM},
    ),
    "group normalization": Healthy(
        (FLATTEN, dense(64), {"type": "group_normalization", "groups": 8}, dense(64)), {"epochs": 12, **ADAM}
    ),
    "a mild penalty": Healthy(
        (FLATTEN, dense(64, kernel_regularizer={"l2": 1e-4}), dense(64, kernel_regularizer={"l2": 1e-4})),
        {"epochs": 15, **ADAM},
    ),
    "RMSprop": Healthy((FLATTEN, dense(64), dense(64)), {"epochs": 12, "optimizer": "rmsprop"}),
    "AdamW, cosine": Healthy(
        (FLATTEN, dense(64), dense(64)),
        {
            "epochs": 15,
            "optimizer": {"name": "adamw", "learning_rate": 0.003},
            "learning_rate_schedule": "cosine",
        },
    ),
    "batches of 128": Healthy(
        (FLATTEN, dense(64), NORMALIZATION, dense(64)), {"epochs": 40, "batch_size": 128, **adam(0.005)}
    ),
    "no hidden layer": Healthy((FLATTEN,), {"epochs": 20, **adam(0.005)}),
    "normalized before ReLU": Healthy(
        (
            FLATTEN,
            dense(64, "linear"),
            NORMALIZATION,
            {"type": "activation", "activation": "relu"},
            dense(64, "linear"),
            NORMALIZATION,
            {"type": "activation", "activation": "relu"},
        ),
        {"epochs": 15, **sgd(0.1)},
    ),
}
"""By their names; each learns its dataset."""
