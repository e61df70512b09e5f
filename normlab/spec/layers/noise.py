"""Noise: what changes its input at random in training and passes it on in inference."""

from typing import Annotated, Literal

from pydantic import Field

from normlab.spec.fields import Fraction
from normlab.spec.layers.base import BaseLayer, Shape
from normlab.spec.layers.windows import image


class Noise(BaseLayer):
    """What all of them have in common."""

    kept_in_training = 5  # with its random bits
    facet = "dropout"


class Dropout(Noise):
    """In training, each value becomes 0 with probability ``rate`` and the others grow by 1 / (1 - rate)."""

    keras_class = "Dropout"
    size_field = "rate"

    type: Literal["dropout"]
    rate: Fraction
    """The part of the values that becomes 0."""


class SpatialDropout2D(Noise):
    """Dropout of whole channels of an image: in training, each becomes 0 with probability ``rate``."""

    keras_class = "SpatialDropout2D"
    kept_in_training = 2  # its random bits are one for each channel
    size_field = "rate"

    type: Literal["spatial_dropout2d"]
    rate: Fraction
    """The part of the channels that becomes 0."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return image(shape, self.type)


class GaussianNoise(Noise):
    """In training, a normally distributed number of mean 0 is added to each value."""

    keras_class = "GaussianNoise"
    size_field = "stddev"

    type: Literal["gaussian_noise"]
    stddev: Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
    """Its standard deviation."""


class GaussianDropout(Noise):
    """In training, each value is multiplied by a normally distributed number of mean 1 and variance
    rate / (1 - rate), which is that of dropout.
    """

    keras_class = "GaussianDropout"
    size_field = "rate"

    type: Literal["gaussian_dropout"]
    rate: Fraction
    """The rate of the dropout whose variance it has."""
