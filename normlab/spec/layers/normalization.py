"""Normalizations by means and variances. All work on the last dimension, as Keras's do by default."""

from math import prod
from typing import Annotated, Literal, Self

from pydantic import model_validator

from normlab.spec.fields import (
    LEFT_OUT,
    Flag,
    Fraction,
    NonNegativeNumber,
    PositiveInteger,
    PositiveNumber,
)
from normlab.spec.layers.base import BaseLayer, Shape, Variable, describe

FEW_VALUES = 2
"""Of two normalized values little more is left than which of them was larger; of one, nothing."""


class Normalization(BaseLayer):
    """What all of them have in common: ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``."""

    facet = "normalization"

    epsilon: PositiveNumber = 1e-3
    """Added to the variance, against division by zero."""
    center: Flag = True
    """Whether there is a ``beta``."""
    scale: Flag = True
    """Whether there is a ``gamma``."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        gamma = (Variable("gamma", shape[-1:], initial=1.0),) if self.scale else ()
        beta = (Variable("beta", shape[-1:]),) if self.center else ()
        return gamma + beta

    def values(self, shape: Shape, samples: int) -> int:
        """Over how many values each mean is taken, when ``samples`` of ``shape`` enter together.

        One value minus its mean is 0: nothing of the input is left.
        """
        raise NotImplementedError

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:
        """Whether the mean of each channel of each sample is ``beta`` afterwards, whatever it was before."""
        raise NotImplementedError


class WithMovingStatistics(Normalization):
    """What normalizes over the batch in training, and by averages over all batches in inference."""

    momentum: Fraction = 0.99
    """How much of the moving averages stays at each step."""

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        mean = Variable("moving_mean", shape[-1:], trainable=False)
        variance = Variable("moving_variance", shape[-1:], trainable=False, initial=1.0)
        return (*super().variables(shape), mean, variance)

    def values(self, shape: Shape, samples: int) -> int:
        """See the base class."""
        return samples * prod(shape[:-1])

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:  # noqa: ARG002  (of any size)
        """See the base class."""
        return samples == 1


class BatchNormalization(WithMovingStatistics):
    """Mean and variance over the batch in training; over all batches (moving averages) in inference."""

    keras_class = "BatchNormalization"

    type: Literal["batch_normalization"]
    virtual_batch_size: Annotated[PositiveInteger | None, LEFT_OUT] = None
    """Ghost batch normalization (Hoffer et al. 2017): mean and variance over each so many samples of the batch, the
    last fewer where they do not divide it; moving averages are of the mean of these."""

    def values(self, shape: Shape, samples: int) -> int:
        """See the base class."""
        return super().values(shape, min(samples, self.virtual_batch_size or samples))

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:
        """See the base class."""
        return super().erases_channel_means(shape, min(samples, self.virtual_batch_size or samples))


class BatchRenormalization(WithMovingStatistics):
    """Batch normalization that is corrected to what inference does, as far as bounds allow (Ioffe 2017); Keras's
    ``renorm``.

    Its averages are of standard deviations, not of variances. Without bounds, which is Keras's default, the batch's
    own statistics have no influence but on the gradient; the paper begins with ``rmax`` 1 and ``dmax`` 0 and loosens
    them in the course of the training.
    """

    keras_class = "BatchNormalization"

    type: Literal["batch_renormalization"]
    renorm_momentum: Fraction = 0.99
    """How much of the averages that training is corrected to stays at each step."""
    rmax: PositiveNumber | None = None
    """The largest factor of the correction; null: no bound."""
    rmin: NonNegativeNumber | None = None
    """The least factor; null: no bound."""
    dmax: NonNegativeNumber | None = None
    """The largest shift of the correction; null: no bound."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.rmax is not None and self.rmin is not None and self.rmax < self.rmin:
            raise ValueError("rmin should be at most rmax")
        return self

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        own = {"moving_stddev": 1.0, "renorm_mean": 0.0, "renorm_stddev": 1.0}
        return (
            *super().variables(shape),
            *(Variable(name, shape[-1:], trainable=False, initial=initial) for name, initial in own.items()),
        )


class LayerNormalization(Normalization):
    """Mean and variance over the last dimension of each sample."""

    keras_class = "LayerNormalization"

    type: Literal["layer_normalization"]

    def values(self, shape: Shape, samples: int) -> int:  # noqa: ARG002  (each sample by itself)
        """See the base class."""
        return shape[-1]

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:  # noqa: ARG002  (never: it works across channels)
        """See the base class."""
        return False

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if shape[-1] == 1:
            instead = '{"type": "group_normalization", "groups": 1} works on all values of a sample'
            raise ValueError(
                f"layer_normalization works on the last dimension, and that of {describe(shape)} has one value, "
                f"of which nothing would be left: {instead if prod(shape) > 1 else 'leave the layer out'}"
            )
        return shape


class InstanceNormalization(Normalization):
    """Mean and variance of each channel of each sample (Ulyanov et al. 2016): group normalization with a group for
    each channel.
    """

    keras_class = "GroupNormalization"

    type: Literal["instance_normalization"]

    def values(self, shape: Shape, samples: int) -> int:  # noqa: ARG002  (each sample by itself)
        """See the base class."""
        return prod(shape[:-1])

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:  # noqa: ARG002  (of any size)
        """See the base class."""
        return True

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if self.values(shape, 1) == 1:
            raise ValueError(
                f"each channel of {describe(shape)} holds one value, of which nothing would be left: take "
                "layer_normalization, or put it where there are images"
            )
        return shape


class GroupNormalization(Normalization):
    """Mean and variance over groups of channels of each sample."""

    keras_class = "GroupNormalization"
    size_field = "groups"

    type: Literal["group_normalization"]
    groups: PositiveInteger = 32
    """How many; the channels are divided among them."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if shape[-1] % self.groups:
            raise ValueError(
                f"{shape[-1]} channels cannot be divided into {self.groups} groups: {_groups_for(shape)}"
            )
        if self.values(shape, 1) == 1:
            raise ValueError(
                f"{self.groups} groups of {describe(shape)} hold one value each, of which nothing would be left: "
                f"{_groups_for(shape)}"
            )
        return shape

    def values(self, shape: Shape, samples: int) -> int:  # noqa: ARG002  (each sample by itself)
        """See the base class."""
        return prod(shape) // self.groups

    def erases_channel_means(self, shape: Shape, samples: int) -> bool:  # noqa: ARG002  (each sample by itself)
        """See the base class."""
        return self.groups == shape[-1]


def _groups_for(shape: Shape) -> str:
    """Which numbers of groups leave something of the input, if possible more than which value is larger."""
    divisors = [n for n in range(1, min(shape[-1], 64) + 1) if shape[-1] % n == 0]
    for fewest in (FEW_VALUES + 1, FEW_VALUES):
        good = [str(n) for n in divisors if prod(shape) // n >= fewest]
        if good:
            return f"groups could be {', '.join(good)}"
    return "leave the layer out"
