"""A trained network, and as one traced function, which TensorFlow's formats are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf

from normlab.spec import PlannedLayer
from normlab.spec.layers.preparation import Preparation, TableInputs
from normlab.training.export.portable import portable
from normlab.training.layers.network import Array, weights_of

INPUT = "raw_pixels"
OUTPUT = "probabilities"
OUTPUT_OF_NUMBERS = "predictions"


class ServingFunction(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
    """Raw pixels (batch, *shape) float32 to ``{"probabilities": (batch, classes)}``, or to ``{"predictions":
    (batch, 1)}``, traced once for any batch."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        # TensorFlow finds what it has to save by looking at a module's fields, and sees no Keras variables.
        self.values = [variable.value for variable in network.variables]
        output = OUTPUT_OF_NUMBERS if network.output_shape == (None, 1) else OUTPUT
        signature = tf.TensorSpec(network.input_shape, tf.float32, name=INPUT)
        self.function = tf.function(
            lambda raw_pixels: {output: network(raw_pixels, training=False)},
            input_signature=[signature],
            autograph=False,
        )
        self.traced = self.function.get_concrete_function()


@dataclass(frozen=True)
class TrainedNetwork:
    """What a writer makes its file from."""

    planned: Sequence[PlannedLayer]
    network: keras.Model
    """Raw pixels float32 (batch, *shape), or rows of a table (batch, columns), to probabilities (batch, classes), or to
    numbers (batch, 1)."""
    pixel_max: int
    """Raw pixels are 0 to this."""

    @property
    def table(self) -> TableInputs | None:
        """How rows are prepared, of a network on a table."""
        first = self.planned[0].layer
        return first.inputs if isinstance(first, Preparation) else None

    @property
    def variables(self) -> Mapping[str, Mapping[str, Array]]:
        """The values of each layer's variables, by Keras's names."""
        return {
            layer.name: {name: np.asarray(variable) for name, variable in weights_of(layer)}
            for layer in self.network.layers
        }

    @cached_property
    def serving(self) -> ServingFunction:
        """The network traced, once for all formats; one that cannot be traced costs the formats that ask."""
        return ServingFunction(portable(self.network))
