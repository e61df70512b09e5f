"""Normalization layers. All work on the last dimension, as Keras's do by default."""

from typing import Literal

from normlab.spec.fields import Flag, Fraction, PositiveInteger, PositiveNumber
from normlab.spec.layers.base import BaseLayer, Shape, Variable


class Normalization(BaseLayer):
    """What all three have in common: ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``."""

    facet = "normalization"

    epsilon: PositiveNumber = 1e-3
    center: Flag = True
    """Whether there is a ``beta``."""
    scale: Flag = True
    """Whether there is a ``gamma``."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        gamma = (Variable("gamma", shape[-1:], initial=1.0),) if self.scale else ()
        beta = (Variable("beta", shape[-1:]),) if self.center else ()
        return gamma + beta


class BatchNormalization(Normalization):
    """Mean and variance over the batch in training; over all batches (moving averages) in inference."""

    keras_class = "BatchNormalization"

    type: Literal["batch_normalization"]
    momentum: Fraction = 0.99
    """How much of the moving averages stays at each step."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        mean = Variable("moving_mean", shape[-1:], trainable=False)
        variance = Variable("moving_variance", shape[-1:], trainable=False, initial=1.0)
        return (*super().variables(shape), mean, variance)


class LayerNormalization(Normalization):
    """Mean and variance over the last dimension of each sample."""

    keras_class = "LayerNormalization"

    type: Literal["layer_normalization"]


class GroupNormalization(Normalization):
    """Mean and variance over groups of channels of each sample."""

    keras_class = "GroupNormalization"
    size_field = "groups"

    type: Literal["group_normalization"]
    groups: PositiveInteger = 32

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if shape[-1] % self.groups:
            divisors = [str(n) for n in range(1, min(shape[-1], 64) + 1) if shape[-1] % n == 0]
            raise ValueError(
                f"{shape[-1]} channels cannot be divided into {self.groups} groups: "
                f"groups could be {', '.join(divisors)}"
            )
        return shape
