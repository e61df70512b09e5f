"""What layers with weights have in common: a bias, an activation, and what is asked of their kernels."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import WithJsonSchema, field_validator

from normlab.spec.fields import LEFT_OUT, Activation, Flag
from normlab.spec.initializers import GLOROT_UNIFORM, BaseInitializer, GlorotUniformByDefault, TruncatedNormal
from normlab.spec.kernels import (
    BaseConstraint,
    Constraint,
    KernelNormalization,
    Penalty,
    SpectralNormalization,
    WeightNormalization,
)
from normlab.spec.layers.base import BaseLayer, Shape, Variable

_WithoutSlope = Annotated[
    Activation,
    WithJsonSchema(
        {"type": "string", "enum": [name for name in Activation if name != Activation.LEAKY_RELU]}
    ),
]

_DIRECTION = TruncatedNormal(name="truncated_normal", stddev=0.02)
"""How Keras begins the estimate of a kernel's first singular vector."""


@dataclass(frozen=True)
class Kernel:
    """One of a layer's kernels, and what is asked of it."""

    name: str
    shape: Shape
    initializer: BaseInitializer
    regularizer: Penalty | None = None
    constraint: BaseConstraint | None = None

    def check(self) -> None:
        """Raise ``ValueError`` with what would be right if what is asked of it does not fit its shape."""
        for asked in (self.initializer, self.regularizer, self.constraint):
            if asked is not None:
                asked.fits(self.shape)

    @property
    def variable(self) -> Variable:
        """As one of the layer's variables."""
        return Variable(self.name, self.shape, initializer=self.initializer)


class WithActivation(BaseLayer):
    """What has kernels, adds a bias and ends with an activation function."""

    use_bias: Flag = True
    """Whether a bias is added to each output."""
    activation: _WithoutSlope = Activation.LINEAR
    """The function behind it; ``leaky_relu`` is a layer of its own, since it has a slope."""

    @field_validator("activation")
    @classmethod
    def _no_slope_here(cls, activation: Activation) -> Activation:
        if activation is Activation.LEAKY_RELU:
            raise ValueError(
                "leaky_relu has a slope: put an activation layer behind this one, "
                '{"type": "activation", "activation": "leaky_relu", "negative_slope": 0.3}'
            )
        return activation

    def kernels(self, shape: Shape) -> tuple[Kernel, ...]:
        """The layer's kernels when ``shape`` enters it."""
        raise NotImplementedError

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        kernels = tuple(kernel.variable for kernel in self.kernels(shape))
        # One number for each channel that leaves the layer.
        bias = (Variable("bias", self.output_shape(shape)[-1:]),) if self.use_bias else ()
        return kernels + bias

    def checked(self, shape: Shape) -> None:
        """Raise ``ValueError`` with what would be right if what is asked of a kernel does not fit its shape."""
        for kernel in self.kernels(shape):
            kernel.check()


class WithKernel(WithActivation):
    """What has one kernel by that name, which probes look at: dense layers and most convolutions."""

    def kernel_shape(self, shape: Shape) -> Shape:
        """The kernel's shape when ``shape`` enters the layer."""
        raise NotImplementedError


class WithKernelOptions(WithKernel):
    """What takes Keras's options for a kernel by the names that most of Keras's layers have for them."""

    initializer_fields: ClassVar[tuple[str, ...]] = ("kernel_initializer",)

    kernel_initializer: GlorotUniformByDefault = GLOROT_UNIFORM
    """How the kernel's first values are drawn."""
    kernel_regularizer: Penalty | None = None
    """A penalty on the kernel, which is added to the loss."""
    kernel_constraint: Annotated[Constraint | None, LEFT_OUT] = None
    """A bound that the kernel is brought into after each step."""
    kernel_normalization: Annotated[KernelNormalization | None, LEFT_OUT] = None
    """A normalization of the kernel itself."""

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """See the base class."""
        return (self.kernel_regularizer,) if self.kernel_regularizer else ()

    def kernels(self, shape: Shape) -> tuple[Kernel, ...]:
        """See the base class."""
        asked = self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint
        return (Kernel("kernel", self.kernel_shape(shape), *asked),)

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        units = self.kernel_shape(shape)[-1]
        own: tuple[Variable, ...] = ()
        if isinstance(self.kernel_normalization, WeightNormalization):
            own = (Variable("g", (units,), norms_of="kernel"),)
        elif isinstance(self.kernel_normalization, SpectralNormalization):
            own = (Variable("vector_u", (1, units), trainable=False, initializer=_DIRECTION),)
        return (*super().variables(shape), *own)
