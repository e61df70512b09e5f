"""At which layers of a network a probe measures. What is not in the list is *not applicable* there."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from normlab.spec.fields import Activation
from normlab.spec.graph import kernel_depths, readers
from normlab.spec.layers import (
    ActivationLayer,
    BatchNormalization,
    FilterResponseNormalization,
    Flatten,
    Noise,
    PReLU,
    Preparation,
    Reshape,
    UpSampling2D,
    WithActivation,
    WithKernel,
    ZeroPadding2D,
)

if TYPE_CHECKING:
    from normlab.spec.plan import PlannedLayer  # which knows job specs, and these know probes

Planned: TypeAlias = "Sequence[PlannedLayer]"

_NOT_MEASURED = Flatten | Reshape | ZeroPadding2D | UpSampling2D | Noise | Preparation
SATURATING = frozenset({Activation.SIGMOID, Activation.TANH, Activation.HARD_SIGMOID})
"""Functions that are flat on both sides."""


class Place(StrEnum):
    """Which layers."""

    NETWORK = "network"
    """None of them: one number for the whole network."""
    KERNELS = "kernels"
    """Layers with one kernel, dense and convolutional, the output layer included. Separable convolutions and attention
    have several, of which none is followed."""
    KERNELS_BUT_FIRST = "kernels_but_first"
    """The same without the first (of branches, the first of each), below which no kernel changes."""
    OUTPUTS = "outputs"
    """All but those that only change the shape, noise, and what prepares a table."""
    FEATURES = "features"
    """What leaves an activation function, the output layer's excluded."""
    RELU = "relu"
    """Layers with ReLU. The gradient of other functions is 0 nowhere or nearly so: their units cannot die."""
    SATURATING = "saturating"
    """Layers with sigmoid, hard sigmoid or tanh; the output layer's softmax is none of them."""
    BATCH_NORMALIZATION = "batch_normalization"
    """Batch normalization layers."""
    SCALE_FREE = "scale_free"
    """Layers with a kernel whose scale changes nothing in training: what leaves them goes straight into batch
    normalization and nowhere else, which takes it out of each channel again (van Laarhoven 2017, arXiv 1706.05350)."""
    NETWORK_WITH_BATCH_NORMALIZATION = "network_with_batch_normalization"
    """One number for the whole network, if it has batch normalization."""

    @property
    def meaning(self) -> str:
        """In words."""
        return _MEANINGS[self]

    def layers(self, planned: Planned) -> tuple[str, ...]:
        """The names of the layers, from the input on; for the whole network none."""
        return tuple(_LAYERS[self](planned)) if self in _LAYERS else ()

    def applies(self, planned: Planned) -> bool:
        """Whether there is anything to measure in such a network."""
        match self:
            case Place.NETWORK:
                return True
            case Place.NETWORK_WITH_BATCH_NORMALIZATION:
                return bool(Place.BATCH_NORMALIZATION.layers(planned))
            case _:
                return bool(self.layers(planned))


def activation_of(item: "PlannedLayer") -> Activation:
    """The function that a layer ends with; linear where it has none. The output layer's softmax is not counted."""
    return (
        item.layer.activation
        if isinstance(item.layer, WithActivation | ActivationLayer)
        else Activation.LINEAR
    )


def _is_activated(item: "PlannedLayer") -> bool:
    """Whether a layer ends with a function, of whatever kind."""
    layer = item.layer
    learned = isinstance(layer, PReLU) or (
        isinstance(layer, FilterResponseNormalization) and layer.thresholded
    )
    return learned or activation_of(item) is not Activation.LINEAR


def _scale_free(planned: Planned) -> list[str]:
    reading = readers(planned)
    return [
        item.name
        for item in planned
        if isinstance(item.layer, WithKernel)
        and activation_of(item) is Activation.LINEAR
        and reading[item.name]
        and all(isinstance(after.layer, BatchNormalization) for after in reading[item.name])
    ]


def _kernels_with_one_below(planned: Planned) -> list[str]:
    depths = kernel_depths(planned)
    return [name for name in _kernels(planned) if depths[name] > 0]


def _kernels(planned: Planned) -> list[str]:
    return [item.name for item in planned if isinstance(item.layer, WithKernel)]


def _with(planned: Planned, functions: frozenset[Activation]) -> list[str]:
    return [item.name for item in planned if activation_of(item) in functions]


_LAYERS: dict[Place, Callable[[Planned], Sequence[str]]] = {
    Place.KERNELS: _kernels,
    Place.KERNELS_BUT_FIRST: _kernels_with_one_below,
    Place.OUTPUTS: lambda planned: [
        item.name for item in planned if not isinstance(item.layer, _NOT_MEASURED)
    ],
    Place.FEATURES: lambda planned: [item.name for item in planned if _is_activated(item)],
    Place.RELU: lambda planned: _with(planned, frozenset({Activation.RELU})),
    Place.SATURATING: lambda planned: _with(planned, SATURATING),
    Place.SCALE_FREE: _scale_free,
    Place.BATCH_NORMALIZATION: lambda planned: [
        item.name for item in planned if isinstance(item.layer, BatchNormalization)
    ],
}

_MEANINGS = {
    Place.NETWORK: "the whole network",
    Place.KERNELS: "layers with a kernel",
    Place.KERNELS_BUT_FIRST: "layers with a kernel but the first",
    Place.OUTPUTS: "all layers but those that only change the shape, and noise",
    Place.FEATURES: "layers with an activation function",
    Place.RELU: "layers with ReLU",
    Place.SATURATING: "layers with sigmoid, hard sigmoid or tanh",
    Place.BATCH_NORMALIZATION: "batch normalization layers",
    Place.SCALE_FREE: "layers with a kernel straight before batch normalization",
    Place.NETWORK_WITH_BATCH_NORMALIZATION: "the whole network, if it has batch normalization",
}
