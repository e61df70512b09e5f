"""Pooling of images: what enters is height x width x channels."""

from typing import Literal, Self

from pydantic import model_validator

from normlab.spec.layers.base import BaseLayer, Shape
from normlab.spec.layers.windows import Padding, Pair, image, slide


class Pooling2D(BaseLayer):
    """What both pooling layers have in common."""

    size_field = "pool_size"

    pool_size: Pair = (2, 2)
    """Height and width of the window."""
    strides: Pair | None = None
    """How far the window moves: as far as it is large, unless said otherwise."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: they also look beyond its edge, at nothing."""

    @model_validator(mode="after")
    def _strides_written_out(self) -> Self:
        if self.strides is None:
            object.__setattr__(self, "strides", self.pool_size)
        return self

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, channels = image(shape, self.type)
        return (
            *slide((height, width), self.pool_size, self.strides or self.pool_size, self.padding),
            channels,
        )


class MaxPooling2D(Pooling2D):
    """The largest value under each window."""

    keras_class = "MaxPooling2D"
    slow_under_xla_on_cpu = True

    type: Literal["max_pooling2d"]


class AveragePooling2D(Pooling2D):
    """The mean under each window."""

    keras_class = "AveragePooling2D"

    type: Literal["average_pooling2d"]


class GlobalPooling2D(BaseLayer):
    """One value of each channel."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (image(shape, self.type)[2],)


class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel."""

    keras_class = "GlobalAveragePooling2D"

    type: Literal["global_average_pooling2d"]


class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest value of each channel."""

    keras_class = "GlobalMaxPooling2D"
    slow_under_xla_on_cpu = True

    type: Literal["global_max_pooling2d"]
