"""Dense layers, activations, dropout, and layers that only change the shape."""

from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, field_validator, model_serializer, model_validator
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from normlab.spec.fields import (
    L2,
    Activation,
    Flag,
    Fraction,
    Initializer,
    Integer,
    PositiveInteger,
    PositiveNumber,
)
from normlab.spec.layers.base import BaseLayer, Shape, Variable, describe

LEAKY_RELU_SLOPE = 0.3
"""The slope of Keras's ``LeakyReLU`` layer when none is given."""


_WithoutSlope = Annotated[
    Activation,
    WithJsonSchema(
        {"type": "string", "enum": [name for name in Activation if name != Activation.LEAKY_RELU]}
    ),
]


class Flatten(BaseLayer):
    """All values of a sample in one row."""

    keras_class = "Flatten"
    kept_in_training = 0

    type: Literal["flatten"]

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (prod(shape),)


class Reshape(BaseLayer):
    """The same values in another shape; one size may be -1 and is worked out."""

    keras_class = "Reshape"
    kept_in_training = 0
    size_field = "target_shape"

    type: Literal["reshape"]
    target_shape: Annotated[tuple[Integer, ...], Field(min_length=1, max_length=4)]
    """The shape of a sample that leaves the layer, as in ``[28, 28, 1]``."""

    @field_validator("target_shape")
    @classmethod
    def _sizes(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if any(size == 0 or size < -1 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError("each size should be positive, and at most one of them -1")
        return sizes

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        total, known = prod(shape), prod(size for size in self.target_shape if size != -1)
        fits = total % known == 0 if -1 in self.target_shape else total == known
        if not fits:
            raise ValueError(
                f"the {total} values of a {describe(shape)} input do not fit {describe(self.target_shape)}"
            )
        return tuple(total // known if size == -1 else size for size in self.target_shape)


class WithKernel(BaseLayer):
    """What dense and convolutional layers have in common."""

    use_bias: Flag = True
    """Whether a bias is added to each output."""
    activation: _WithoutSlope = Activation.LINEAR
    """The function behind it; ``leaky_relu`` is a layer of its own, since it has a slope."""
    kernel_initializer: Initializer = Initializer.GLOROT_UNIFORM
    """How the kernel's first values are drawn."""
    kernel_regularizer: L2 | None = None
    """A penalty on the kernel's size, which is added to the loss."""

    @field_validator("activation")
    @classmethod
    def _no_slope_here(cls, activation: Activation) -> Activation:
        if activation is Activation.LEAKY_RELU:
            raise ValueError(
                "leaky_relu has a slope: put an activation layer behind this one, "
                '{"type": "activation", "activation": "leaky_relu", "negative_slope": 0.3}'
            )
        return activation

    def kernel_shape(self, shape: Shape) -> Shape:
        """The kernel's shape when ``shape`` enters the layer."""
        raise NotImplementedError

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        kernel = self.kernel_shape(shape)
        bias = (Variable("bias", kernel[-1:]),) if self.use_bias else ()
        return (Variable("kernel", kernel), *bias)


class Dense(WithKernel):
    """``activation(x @ kernel + bias)`` over the last dimension."""

    keras_class = "Dense"
    size_field = "units"

    type: Literal["dense"]
    units: PositiveInteger
    """Numbers that leave the layer."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (*shape[:-1], self.units)

    def kernel_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (shape[-1], self.units)

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        return prod(shape) * self.units


class ActivationLayer(BaseLayer):
    """An activation function as a layer of its own."""

    keras_class = "Activation"
    facet = "activation"

    type: Literal["activation"]
    activation: Activation
    """The function."""
    negative_slope: PositiveNumber | None = None
    """Of ``leaky_relu``: the slope below zero."""

    @model_validator(mode="after")
    def _slope_where_it_belongs(self) -> Self:
        if self.activation is Activation.LEAKY_RELU:
            if self.negative_slope is None:
                # Written out, so that the canonical form of a spec says it.
                object.__setattr__(self, "negative_slope", LEAKY_RELU_SLOPE)
        elif self.negative_slope is not None:
            raise ValueError(f"negative_slope belongs to leaky_relu, not to {self.activation}")
        return self

    @model_serializer(mode="wrap")
    def _only_what_applies(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        document: dict[str, object] = handler(self)
        if self.negative_slope is None:
            document.pop("negative_slope", None)
        return document


class Dropout(BaseLayer):
    """In training, each value becomes 0 with probability ``rate`` and the others grow by 1 / (1 - rate)."""

    keras_class = "Dropout"
    kept_in_training = 5  # with its random bits
    facet = "dropout"

    type: Literal["dropout"]
    rate: Fraction
    """The part of the values that becomes 0."""
