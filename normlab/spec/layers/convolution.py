"""Convolution and pooling of images: what enters is height x width x channels."""

from math import prod
from typing import Literal, Self

from pydantic import field_validator, model_validator

from normlab.spec.fields import PositiveInteger
from normlab.spec.layers.base import BaseLayer, Shape, describe
from normlab.spec.layers.core import WithKernel

Pair = tuple[PositiveInteger, PositiveInteger]
OneOrPair = PositiveInteger | Pair
Padding = Literal["valid", "same"]


def _both(value: object) -> object:
    """Keras takes one number for both directions."""
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def _image(shape: Shape, kind: str) -> tuple[int, int, int]:
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        missing = f'put {{"type": "reshape", "target_shape": [{shape[0]}, {shape[1]}, 1]}} before it'
    else:
        missing = "put a reshape layer before it, or leave out the flatten layer"
    raise ValueError(f"{kind} needs height x width x channels, but {describe(shape)} enters it: {missing}")


def _slide(
    size: tuple[int, int], window: tuple[int, int], strides: tuple[int, int], padding: Padding
) -> tuple[int, int]:
    """How many places a window has in each direction."""
    if padding == "same":
        return -(-size[0] // strides[0]), -(-size[1] // strides[1])
    if window[0] > size[0] or window[1] > size[1]:
        raise ValueError(
            f"a window of {describe(window)} does not fit into {describe(size)}: "
            'make it smaller, or set "padding": "same"'
        )
    return (size[0] - window[0]) // strides[0] + 1, (size[1] - window[1]) // strides[1] + 1


class Conv2D(WithKernel):
    """A two-dimensional convolution."""

    keras_class = "Conv2D"
    size_field = "filters"
    slow_under_xla_on_cpu = True

    type: Literal["conv2d"]
    filters: PositiveInteger
    """Channels that leave the layer."""
    kernel_size: Pair
    """Height and width of the window."""
    strides: Pair = (1, 1)
    """How far the window moves."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: zeros around it, so that stride 1 keeps its size."""
    dilation_rate: Pair = (1, 1)
    """Distance of the pixels that a window looks at."""

    _pairs = field_validator(
        "kernel_size", "strides", "dilation_rate", mode="before", json_schema_input_type=OneOrPair
    )(_both)

    @model_validator(mode="after")
    def _strided_or_dilated(self) -> Self:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError("strides and dilation_rate cannot both be greater than 1")
        return self

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, _ = _image(shape, self.type)
        window = tuple(
            (size - 1) * dilation + 1
            for size, dilation in zip(self.kernel_size, self.dilation_rate, strict=True)
        )
        return (*_slide((height, width), (window[0], window[1]), self.strides, self.padding), self.filters)

    def kernel_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (*self.kernel_size, shape[-1], self.filters)

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        return prod(self.output_shape(shape)) * prod(self.kernel_size) * shape[-1]


class Pooling2D(BaseLayer):
    """What both pooling layers have in common."""

    size_field = "pool_size"

    pool_size: Pair = (2, 2)
    """Height and width of the window."""
    strides: Pair | None = None
    """How far the window moves: as far as it is large, unless said otherwise."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: they also look beyond its edge, at nothing."""

    _pool = field_validator("pool_size", mode="before", json_schema_input_type=OneOrPair)(_both)
    _strides = field_validator("strides", mode="before", json_schema_input_type=OneOrPair | None)(_both)

    @model_validator(mode="after")
    def _strides_written_out(self) -> Self:
        if self.strides is None:
            object.__setattr__(self, "strides", self.pool_size)
        return self

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, channels = _image(shape, self.type)
        return (
            *_slide((height, width), self.pool_size, self.strides or self.pool_size, self.padding),
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


class GlobalAveragePooling2D(BaseLayer):
    """The mean of each channel."""

    keras_class = "GlobalAveragePooling2D"

    type: Literal["global_average_pooling2d"]

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (_image(shape, self.type)[2],)
