"""Dense layers, activations, and layers that only change the shape."""

from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_serializer, model_validator
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from normlab.spec.fields import LEFT_OUT, Activation, Integer, PositiveInteger, PositiveNumber
from normlab.spec.initializers import ZEROS, ZerosByDefault
from normlab.spec.kernels import Penalty
from normlab.spec.layers.base import BaseLayer, Shape, Variable, describe
from normlab.spec.layers.with_kernel import WithKernelOptions

LEAKY_RELU_SLOPE = 0.3
"""The slope of Keras's ``LeakyReLU`` layer when none is given."""


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


class Dense(WithKernelOptions):
    """``activation(x @ kernel + bias)`` over the last dimension."""

    keras_class = "Dense"
    size_field = "units"
    limited_fields = ("units",)

    type: Literal["dense"]
    units: PositiveInteger
    """Numbers that leave the layer."""

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        self.checked(shape)
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


class PReLU(BaseLayer):
    """ReLU with a slope below zero that is learned."""

    keras_class = "PReLU"
    facet = "activation"

    type: Literal["prelu"]
    alpha_initializer: ZerosByDefault = ZEROS
    """How the slopes' first values are drawn."""
    alpha_regularizer: Penalty | None = None
    """A penalty on the slopes, which is added to the loss."""
    shared_axes: Annotated[tuple[PositiveInteger, ...] | None, LEFT_OUT] = None
    """Along which axes there is one slope: ``[1, 2]`` of an image for one of each channel; null: each value has its
    own. Axis 0 is the batch."""

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """See the base class."""
        return (self.alpha_regularizer,) if self.alpha_regularizer else ()

    def slopes(self, shape: Shape) -> Shape:
        """The shape of the slopes when ``shape`` enters the layer."""
        shared = self.shared_axes or ()
        return tuple(1 if axis in shared else size for axis, size in enumerate(shape, 1))

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if self.shared_axes and max(self.shared_axes) > len(shape):
            raise ValueError(
                f"{describe(shape)} enters it, whose axes are 1 to {len(shape)}: there is no axis "
                f"{max(self.shared_axes)} to share slopes along"
            )
        slopes = self.slopes(shape)
        self.alpha_initializer.fits(slopes)
        if self.alpha_regularizer is not None and self.alpha_regularizer.orthogonal is not None:
            raise ValueError(
                'slopes are no matrix whose rows could be orthogonal: take {"l1": …} or {"l2": …}'
            )
        return shape

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        return (Variable("alpha", self.slopes(shape), initializer=self.alpha_initializer),)
