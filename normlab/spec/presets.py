"""Architectures with a name. The first two are the notebook's, to the letter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Layers = tuple[dict[str, Any], ...]


class PresetNormalization(StrEnum):
    """Which normalization stands in a preset that leaves it open, or what it has instead."""

    NONE = "none"
    BATCH = "batch"
    LAYER = "layer"
    """Keras's: over the channels at each place."""
    GROUP = "group"
    INSTANCE = "instance"
    """Over the places of each channel, so of pictures only."""
    RMS = "rms"
    """Over the channels at each place, without subtracting their mean."""
    FIXUP = "fixup"
    """None, but first values by which residual blocks begin as the identity: Zhang, Dauphin and Ma (2019)."""
    SKIP_INIT = "skip_init"
    """None, but a factor behind each residual block's layers that begins as 0: De and Smith (2020)."""


_DEEP_LAYERS = 10
_DEEP_UNITS = 50

_FLATTEN = {"type": "flatten"}
_BATCH_NORMALIZATION = {"type": "batch_normalization"}
_RELU = {"type": "activation", "activation": "relu"}
_POOLING = {"type": "max_pooling2d", "padding": "same"}
_GROUPS = 8
"""Of group normalization, or the next smaller number that divides the width."""
_SCALAR = {"type": "bias_only", "scalar": True}
_FACTOR_OF_ONE = {"type": "scale_only", "scalar": True}
_FACTOR_OF_ZERO = {"type": "scale_only", "scalar": True, "initial": 0.0}
_RESIDUAL_BLOCKS = 9
"""Of ``resnet20``."""
_HE_SCALE = 2.0
"""Of ``he_normal`` as a ``variance_scaling``."""
_LEAKY_RELU = {"type": "activation", "activation": "leaky_relu"}


def _dense(units: int, **parameters: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **parameters}


@dataclass(frozen=True)
class Preset:
    """A named list of layers, as a request would write it, and a sentence on what it is for."""

    name: str
    description: str
    layers: Layers
    by_normalization: Mapping[str, Layers] = field(default_factory=dict)
    """Where the normalization can be chosen: the layers with each. ``layers`` are those with the usual one."""
    of_pictures: bool = False
    """Whether it takes pictures with channels: data without any get a layer before it that adds one."""


def _deep_sigmoid(*between: dict[str, Any]) -> Layers:
    hidden = (_dense(_DEEP_UNITS), *between, {"type": "activation", "activation": "sigmoid"})
    return (_FLATTEN, *(hidden * _DEEP_LAYERS))


def _normalization(kind: PresetNormalization, width: int) -> Layers:
    """The layer behind one of so many channels or units."""
    match kind:
        case PresetNormalization.NONE | PresetNormalization.SKIP_INIT:
            return ()
        case PresetNormalization.GROUP:
            groups = next(number for number in range(_GROUPS, 0, -1) if width % number == 0)
            return ({"type": "group_normalization", "groups": groups},)
        case _:
            return ({"type": f"{kind}_normalization"},)


def fixup_factor(blocks: int, kernels: int) -> float:
    """What the first kernels of residual blocks are multiplied by: ``L ** (-1 / (2 m - 2))``.

    Zhang, Dauphin and Ma, "Fixup initialization" (2019, arXiv 1901.09321), rule 2: of L blocks with m kernels each all
    but the last, which begins as zeros. So a step changes what the network gives as much at any depth.

    >>> fixup_factor(9, kernels=2)
    0.3333333333333333
    """
    return float(blocks ** (-1 / (2 * kernels - 2)))


def _conv(filters: int, size: int = 3, **parameters: Any) -> dict[str, Any]:
    parameters |= {"kernel_initializer": "he_normal"}
    return {"type": "conv2d", "filters": filters, "kernel_size": size, "padding": "same", **parameters}


def _convolved(kind: PresetNormalization, filters: int, **parameters: Any) -> Layers:
    return (_conv(filters, **parameters), *_normalization(kind, filters), _RELU)


def _cnn(kind: PresetNormalization) -> Layers:
    stages = [(*_convolved(kind, filters), _POOLING) for filters in (32, 64)]
    hidden = _dense(100, activation="relu", kernel_initializer="he_normal")
    return (*stages[0], *stages[1], _FLATTEN, hidden)


def _vgg(kind: PresetNormalization) -> Layers:
    stages = [(*_convolved(kind, filters) * 2, _POOLING) for filters in (32, 64, 128)]
    hidden = _dense(128, activation="relu", kernel_initializer="he_normal")
    return (*stages[0], *stages[1], *stages[2], _FLATTEN, hidden)


def _stages(stem: Layers, block: Callable[[int, int], Layers], end: Layers = ()) -> Layers:
    """Three stages of three residual blocks; ``block`` gives one by its filters and strides, with what is behind it."""

    def repeated(filters: int, times: int) -> dict[str, Any]:
        return {"type": "repeat", "times": times, "layers": list(block(filters, 1))}

    wider = [(*block(filters, 2), repeated(filters, 2)) for filters in (32, 64)]
    pooling = {"type": "global_average_pooling2d"}
    return (*stem, repeated(16, 3), *wider[0], *wider[1], pooling, *end)


def _resnet20(kind: PresetNormalization) -> Layers:
    if kind is PresetNormalization.FIXUP:
        return _resnet20_with_fixup()
    last = (_FACTOR_OF_ZERO,) if kind is PresetNormalization.SKIP_INIT else ()

    def block(filters: int, strides: int) -> Layers:
        first, second = _convolved(kind, filters, strides=strides), _convolved(kind, filters)[:-1]
        residual: dict[str, Any] = {"type": "residual", "layers": [*first, *second, *last]}
        if strides > 1:
            shortcut = _conv(filters, 1, strides=strides)
            residual["shortcut"] = [shortcut, *_normalization(kind, filters)]
        return (residual, _RELU)

    return _stages(_convolved(kind, 16), block)


def _resnet20_with_fixup() -> Layers:
    """The paper's block: its kernels have no biases of their own but scalars."""
    scaled = {
        "name": "variance_scaling",
        "scale": _HE_SCALE * fixup_factor(_RESIDUAL_BLOCKS, kernels=2) ** 2,
        "mode": "fan_in",
    }

    def block(filters: int, strides: int) -> Layers:
        first = _conv(filters, strides=strides, use_bias=False) | {"kernel_initializer": scaled}
        second = _conv(filters, use_bias=False) | {"kernel_initializer": "zeros"}
        layers = [_SCALAR, first, _SCALAR, _RELU, _SCALAR, second, _FACTOR_OF_ONE, _SCALAR]
        residual: dict[str, Any] = {"type": "residual", "layers": layers}
        if strides > 1:
            residual["shortcut"] = [_SCALAR, _conv(filters, 1, strides=strides, use_bias=False)]
        return (residual, _RELU)

    return _stages((_conv(16, use_bias=False), _SCALAR, _RELU), block, end=(_SCALAR,))


def _preset(
    name: str,
    description: str,
    make: Callable[[PresetNormalization], Layers],
    usual: PresetNormalization,
    *,
    of_pictures: bool,
    residual: bool = False,
) -> Preset:
    """A preset whose normalization can be chosen."""
    left_out = set() if of_pictures else {PresetNormalization.INSTANCE}
    left_out |= set() if residual else {PresetNormalization.FIXUP, PresetNormalization.SKIP_INIT}
    made = {str(kind): make(kind) for kind in PresetNormalization if kind not in left_out}
    return Preset(name, description, made[usual], made, of_pictures)


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
        _preset(
            "deep_sigmoid",
            f"{_DEEP_LAYERS} narrow dense layers ({_DEEP_UNITS} units) with sigmoid: the vanishing gradient, "
            "to be seen.",
            lambda kind: _deep_sigmoid(*_normalization(kind, _DEEP_UNITS)),
            PresetNormalization.NONE,
            of_pictures=False,
        ),
        Preset(
            "deep_sigmoid_with_batch_norm",
            "deep_sigmoid with batch normalization before each sigmoid and nothing else changed.",
            _deep_sigmoid(_BATCH_NORMALIZATION),
        ),
        _preset(
            "cnn",
            "Two convolutions (32, 64 filters; he_normal) with batch normalization, ReLU and pooling, and a dense "
            "layer.",
            _cnn,
            PresetNormalization.BATCH,
            of_pictures=True,
        ),
        _preset(
            "resnet20",
            "The residual network of He et al. (2016) for small pictures: 20 layers in three stages (16, 32, 64 "
            "filters; he_normal) with batch normalization.",
            _resnet20,
            PresetNormalization.BATCH,
            of_pictures=True,
            residual=True,
        ),
        _preset(
            "vgg",
            "A small one after Simonyan and Zisserman (2015): three stages of two convolutions (32, 64, 128 filters; "
            "he_normal) with batch normalization, each with pooling, and a dense layer.",
            _vgg,
            PresetNormalization.BATCH,
            of_pictures=True,
        ),
    )
}
