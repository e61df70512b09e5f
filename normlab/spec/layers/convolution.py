"""Convolutions of images (height x width x channels) and of rows (rows x values)."""

from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from normlab.spec.fields import LEFT_OUT_IF_ONE, PositiveInteger
from normlab.spec.initializers import GLOROT_UNIFORM, GlorotUniformByDefault
from normlab.spec.kernels import Constraint, Penalty
from normlab.spec.layers.base import Shape
from normlab.spec.layers.windows import Padding, Pair, Single, image, rows, slide, spread
from normlab.spec.layers.with_kernel import Kernel, WithActivation, WithKernel, WithKernelOptions

_STRIDED_OR_DILATED = "strides and dilation_rate cannot both be greater than 1"


class _Grouped(WithKernelOptions):
    """What convolutions of images and of rows have in common."""

    size_field = "filters"
    limited_fields = ("filters",)
    slow_under_xla_on_cpu = True

    filters: PositiveInteger
    """Channels that leave the layer."""
    groups: Annotated[PositiveInteger, LEFT_OUT_IF_ONE] = 1
    """How many the channels are divided into; each group's filters see that group's channels alone."""

    @model_validator(mode="after")
    def _filters_for_each_group(self) -> Self:
        if self.filters % self.groups:
            raise ValueError(f"{self.filters} filters cannot be divided among {self.groups} groups")
        return self

    @property
    def window(self) -> tuple[int, ...]:
        """The kernel's size in each direction."""
        raise NotImplementedError

    def kernel_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if shape[-1] % self.groups:
            raise ValueError(
                f"{shape[-1]} channels cannot be divided into {self.groups} groups: groups has to divide both "
                "them and filters"
            )
        return (*self.window, shape[-1] // self.groups, self.filters)

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        return prod(self.output_shape(shape)[:-1]) * prod(self.kernel_shape(shape))


class Conv2D(_Grouped):
    """A two-dimensional convolution."""

    keras_class = "Conv2D"

    type: Literal["conv2d"]
    kernel_size: Pair
    """Height and width of the window."""
    strides: Pair = (1, 1)
    """How far the window moves."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: zeros around it, so that stride 1 keeps its size."""
    dilation_rate: Pair = (1, 1)
    """Distance of the pixels that a window looks at."""

    @model_validator(mode="after")
    def _strided_or_dilated(self) -> Self:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(_STRIDED_OR_DILATED)
        return self

    @property
    def window(self) -> tuple[int, ...]:
        """See the base class."""
        return self.kernel_size

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        size = image(shape, self.type)[:2]
        self.checked(shape)
        window = spread(self.kernel_size, self.dilation_rate)
        return (*slide(size, window, self.strides, self.padding), self.filters)


class Conv1D(_Grouped):
    """A convolution along rows: a window looks at some consecutive ones, with all their values."""

    keras_class = "Conv1D"

    type: Literal["conv1d"]
    kernel_size: Single
    """How many rows a window looks at."""
    strides: Single = 1
    """How far the window moves."""
    padding: Literal["valid", "same", "causal"] = "valid"
    """``valid``: windows stay inside; ``same``: zeros around, so that stride 1 keeps the number of rows; ``causal``:
    zeros before the first row alone, so that no window looks ahead."""
    dilation_rate: Single = 1
    """Distance of the rows that a window looks at."""

    @model_validator(mode="after")
    def _strided_or_dilated(self) -> Self:
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError(_STRIDED_OR_DILATED)
        return self

    @property
    def window(self) -> tuple[int, ...]:
        """See the base class."""
        return (self.kernel_size,)

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        count, _ = rows(shape, self.type)
        self.checked(shape)
        padding = "valid" if self.padding == "valid" else "same"
        window = spread(self.window, (self.dilation_rate,))
        return (*slide((count,), window, (self.strides,), padding), self.filters)


class DepthwiseConv2D(WithKernel):
    """A convolution of each channel by itself."""

    keras_class = "DepthwiseConv2D"
    slow_under_xla_on_cpu = True
    initializer_fields: ClassVar[tuple[str, ...]] = ("depthwise_initializer",)
    size_field = "kernel_size"
    limited_fields = ("depth_multiplier",)

    type: Literal["depthwise_conv2d"]
    kernel_size: Pair
    """Height and width of the window."""
    strides: Pair = (1, 1)
    """How far the window moves, the same in both directions."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: zeros around it, so that stride 1 keeps its size."""
    depth_multiplier: PositiveInteger = 1
    """How many channels each channel becomes."""
    dilation_rate: Pair = (1, 1)
    """Distance of the pixels that a window looks at."""
    depthwise_initializer: GlorotUniformByDefault = GLOROT_UNIFORM
    """How the kernel's first values are drawn. Keras counts the channels and ``depth_multiplier`` as what enters and
    leaves a unit, as if each filter saw all channels."""
    depthwise_regularizer: Penalty | None = None
    """A penalty on the kernel, which is added to the loss."""
    depthwise_constraint: Constraint | None = None
    """A bound that the kernel is brought into after each step."""

    @model_validator(mode="after")
    def _what_tensorflow_computes(self) -> Self:
        _check_depthwise(self.strides, self.dilation_rate)
        return self

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """See the base class."""
        return (self.depthwise_regularizer,) if self.depthwise_regularizer else ()

    def kernel_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        return (*self.kernel_size, shape[-1], self.depth_multiplier)

    def kernels(self, shape: Shape) -> tuple[Kernel, ...]:
        """See the base class."""
        asked = self.depthwise_initializer, self.depthwise_regularizer, self.depthwise_constraint
        return (Kernel("kernel", self.kernel_shape(shape), *asked),)

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        height, width, channels = image(shape, self.type)
        self.checked(shape)
        window = spread(self.kernel_size, self.dilation_rate)
        return (
            *slide((height, width), window, self.strides, self.padding),
            channels * self.depth_multiplier,
        )

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        return prod(self.output_shape(shape)) * prod(self.kernel_size)


class SeparableConv2D(WithActivation):
    """A convolution of each channel by itself, and then one of single pixels over all channels."""

    keras_class = "SeparableConv2D"
    slow_under_xla_on_cpu = True
    initializer_fields: ClassVar[tuple[str, ...]] = ("depthwise_initializer", "pointwise_initializer")
    size_field = "filters"
    limited_fields = ("filters", "depth_multiplier")

    type: Literal["separable_conv2d"]
    filters: PositiveInteger
    """Channels that leave the layer."""
    kernel_size: Pair
    """Height and width of the window."""
    strides: Pair = (1, 1)
    """How far the window moves, the same in both directions."""
    padding: Padding = "valid"
    """``valid``: windows stay inside the image; ``same``: zeros around it, so that stride 1 keeps its size."""
    dilation_rate: Pair = (1, 1)
    """Distance of the pixels that a window looks at."""
    depth_multiplier: PositiveInteger = 1
    """How many channels each channel becomes before they are mixed."""
    depthwise_initializer: GlorotUniformByDefault = GLOROT_UNIFORM
    """How the first values of the kernel of single channels are drawn."""
    pointwise_initializer: GlorotUniformByDefault = GLOROT_UNIFORM
    """How those of the kernel of single pixels are drawn."""
    depthwise_regularizer: Penalty | None = None
    """A penalty on the first kernel, which is added to the loss."""
    pointwise_regularizer: Penalty | None = None
    """A penalty on the second."""
    depthwise_constraint: Constraint | None = None
    """A bound that the first kernel is brought into after each step."""
    pointwise_constraint: Constraint | None = None
    """A bound for the second."""

    @model_validator(mode="after")
    def _what_tensorflow_computes(self) -> Self:
        _check_depthwise(self.strides, self.dilation_rate)
        return self

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """See the base class."""
        return tuple(
            penalty for penalty in (self.depthwise_regularizer, self.pointwise_regularizer) if penalty
        )

    def kernels(self, shape: Shape) -> tuple[Kernel, ...]:
        """See the base class."""
        depthwise = (*self.kernel_size, shape[-1], self.depth_multiplier)
        pointwise = (1, 1, shape[-1] * self.depth_multiplier, self.filters)
        asked_first = self.depthwise_initializer, self.depthwise_regularizer, self.depthwise_constraint
        asked_then = self.pointwise_initializer, self.pointwise_regularizer, self.pointwise_constraint
        return (
            Kernel("depthwise_kernel", depthwise, *asked_first),
            Kernel("pointwise_kernel", pointwise, *asked_then),
        )

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        size = image(shape, self.type)[:2]
        self.checked(shape)
        window = spread(self.kernel_size, self.dilation_rate)
        return (*slide(size, window, self.strides, self.padding), self.filters)

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        places = prod(self.output_shape(shape)[:-1])
        return places * sum(prod(kernel.shape) for kernel in self.kernels(shape))


def _check_depthwise(strides: tuple[int, int], dilation_rate: tuple[int, int]) -> None:
    if strides[0] != strides[1]:
        raise ValueError("TensorFlow moves windows of single channels equally far in both directions")
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(_STRIDED_OR_DILATED)
