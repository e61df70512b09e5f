"""Windows that slide over images and rows: the fields of layers that have one, and how many places it has."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator

from normlab.spec.fields import PositiveInteger
from normlab.spec.layers.base import Shape, describe

_Two = tuple[PositiveInteger, PositiveInteger]
Padding = Literal["valid", "same"]


def both(value: object) -> object:
    """Keras takes one number for both directions."""
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def one(value: object) -> object:
    """Keras takes a number, or a list of one, for the one direction that a row has."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


Pair = Annotated[_Two, BeforeValidator(both, json_schema_input_type=PositiveInteger | _Two)]
"""Height and width; one number stands for both."""
Single = Annotated[PositiveInteger, BeforeValidator(one)]


def image(shape: Shape, kind: str) -> tuple[int, int, int]:
    """Height, width and channels of what enters a layer that needs an image."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        missing = f'put {{"type": "reshape", "target_shape": [{shape[0]}, {shape[1]}, 1]}} before it'
    else:
        missing = "put a reshape layer before it, or leave out the flatten layer"
    raise ValueError(f"{kind} needs height x width x channels, but {describe(shape)} enters it: {missing}")


def rows(shape: Shape, kind: str) -> tuple[int, int]:
    """How many rows of how many values enter a layer that needs rows."""
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) == 3:
        height, width, channels = shape
        missing = f'put {{"type": "reshape", "target_shape": [{height}, {width * channels}]}} before it'
    else:
        missing = "put a reshape layer before it, or leave out the flatten layer"
    raise ValueError(f"{kind} needs rows x values, but {describe(shape)} enters it: {missing}")


def slide(
    size: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: str
) -> tuple[int, ...]:
    """How many places a window has in each direction."""
    if padding == "same":
        return tuple(-(-length // stride) for length, stride in zip(size, strides, strict=True))
    if any(inner > outer for inner, outer in zip(window, size, strict=True)):
        raise ValueError(
            f"a window of {describe(tuple(window))} does not fit into {describe(tuple(size))}: "
            'make it smaller, or set "padding": "same"'
        )
    return tuple(
        (length - inner) // stride + 1 for length, inner, stride in zip(size, window, strides, strict=True)
    )


def spread(kernel_size: Sequence[int], dilation_rate: Sequence[int]) -> tuple[int, ...]:
    """The size of a window whose values are apart."""
    return tuple((size - 1) * rate + 1 for size, rate in zip(kernel_size, dilation_rate, strict=True))
