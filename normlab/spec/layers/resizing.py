"""Layers that make images larger."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from normlab.spec.fields import NonNegativeInteger
from normlab.spec.layers.base import BaseLayer, Shape
from normlab.spec.layers.windows import Pair, image

_Edges = tuple[NonNegativeInteger, NonNegativeInteger]
_FourEdges = tuple[_Edges, _Edges]


def _four(value: Any) -> Any:
    """Keras takes one number for all edges, or one for both of a direction."""

    def is_number(number: Any) -> bool:
        return isinstance(number, int) and not isinstance(number, bool)

    if is_number(value):
        return ((value, value), (value, value))
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple((edge, edge) if is_number(edge) else edge for edge in value)
    return value


class ZeroPadding2D(BaseLayer):
    """Zeros around an image."""

    keras_class = "ZeroPadding2D"
    size_field = "padding"

    type: Literal["zero_padding2d"]
    padding: Annotated[
        _FourEdges, BeforeValidator(_four, json_schema_input_type=NonNegativeInteger | _Edges | _FourEdges)
    ] = ((1, 1), (1, 1))
    """How many: ``[[top, bottom], [left, right]]``; a number stands for both edges of a direction, or for all."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, channels = image(shape, self.type)
        (top, bottom), (left, right) = self.padding
        return (height + top + bottom, width + left + right, channels)


class UpSampling2D(BaseLayer):
    """An image of several times the size: each pixel repeated, or values between those of the pixels."""

    keras_class = "UpSampling2D"
    slow_under_xla_on_cpu = True  # bilinear by far, nearest hardly differs
    size_field = "size"

    type: Literal["up_sampling2d"]
    size: Pair = (2, 2)
    """How many times as high and as wide."""
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    """What stands between pixels."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, channels = image(shape, self.type)
        return (height * self.size[0], width * self.size[1], channels)
