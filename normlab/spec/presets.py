"""Architectures with a name. The first two are the notebook's, to the letter."""

from dataclasses import dataclass
from typing import Any

_DEEP_LAYERS = 10
_DEEP_UNITS = 50

_FLATTEN = {"type": "flatten"}
_BATCH_NORMALIZATION = {"type": "batch_normalization"}
_LEAKY_RELU = {"type": "activation", "activation": "leaky_relu"}


def _dense(units: int, **parameters: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **parameters}


@dataclass(frozen=True)
class Preset:
    """A named list of layers, as a request would write it, and a sentence on what it is for."""

    name: str
    description: str
    layers: tuple[dict[str, Any], ...]


def _deep_sigmoid(*between: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    hidden = (_dense(_DEEP_UNITS), *between, {"type": "activation", "activation": "sigmoid"})
    return (_FLATTEN, *(hidden * _DEEP_LAYERS))


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "baseline",
            "The notebook's first network: two dense layers (300, 100; he_normal) with leaky ReLU, "
            "no normalization.",
            (
                _FLATTEN,
                _dense(300, kernel_initializer="he_normal"),
                _LEAKY_RELU,
                _dense(100, kernel_initializer="he_normal"),
                _LEAKY_RELU,
            ),
        ),
        Preset(
            "batch_norm",
            "The notebook's second network: batch normalization before each dense layer, but also ReLU "
            "instead of leaky ReLU and glorot_uniform instead of he_normal.",
            (
                _FLATTEN,
                _BATCH_NORMALIZATION,
                _dense(300, activation="relu"),
                _BATCH_NORMALIZATION,
                _dense(100, activation="relu"),
                _BATCH_NORMALIZATION,
            ),
        ),
        Preset(
            "baseline_with_batch_norm",
            "The baseline with the notebook's three normalization layers and nothing else changed: "
            "the controlled comparison.",
            (
                _FLATTEN,
                _BATCH_NORMALIZATION,
                _dense(300, kernel_initializer="he_normal"),
                _LEAKY_RELU,
                _BATCH_NORMALIZATION,
                _dense(100, kernel_initializer="he_normal"),
                _LEAKY_RELU,
                _BATCH_NORMALIZATION,
            ),
        ),
        Preset(
            "deep_sigmoid",
            f"{_DEEP_LAYERS} narrow dense layers ({_DEEP_UNITS} units) with sigmoid: the vanishing gradient, "
            "to be seen.",
            _deep_sigmoid(),
        ),
        Preset(
            "deep_sigmoid_with_batch_norm",
            "deep_sigmoid with batch normalization before each sigmoid and nothing else changed.",
            _deep_sigmoid(_BATCH_NORMALIZATION),
        ),
    )
}
