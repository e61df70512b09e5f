"""Attention among the rows of a sample."""

from math import prod
from typing import Annotated, ClassVar, Literal

from normlab.spec.fields import LEFT_OUT, Flag, Fraction, PositiveInteger
from normlab.spec.initializers import GLOROT_UNIFORM, GlorotUniformByDefault
from normlab.spec.kernels import Penalty
from normlab.spec.layers.base import BaseLayer, Shape, Variable
from normlab.spec.layers.windows import rows
from normlab.spec.layers.with_kernel import Kernel


class MultiHeadAttention(BaseLayer):
    """Self-attention: each row becomes a mean of all rows, weighted by how well they fit it, in several heads
    (Vaswani et al. 2017).
    """

    keras_class = "MultiHeadAttention"
    size_field = "num_heads"
    limited_fields = ("num_heads", "key_dim", "value_dim")
    initializer_fields: ClassVar[tuple[str, ...]] = ("kernel_initializer",)

    type: Literal["multi_head_attention"]
    num_heads: PositiveInteger
    """How many means are taken."""
    key_dim: PositiveInteger
    """How many numbers of a head decide how well rows fit."""
    value_dim: Annotated[PositiveInteger | None, LEFT_OUT] = None
    """How many numbers of a head the mean is of; null: ``key_dim``."""
    dropout: Fraction = 0.0
    """The part of the weights that becomes 0 in training."""
    use_bias: Flag = True
    """Whether biases are added to queries, keys, values and the output."""
    kernel_initializer: GlorotUniformByDefault = GLOROT_UNIFORM
    """How the first values of all four kernels are drawn. Keras takes the kernels as those of convolutions, so that
    the heads count as places: glorot_uniform is smaller here than of a dense layer of the same size."""
    kernel_regularizer: Penalty | None = None
    """A penalty on all four kernels, which is added to the loss."""

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """See the base class."""
        return (self.kernel_regularizer,) * 4 if self.kernel_regularizer else ()

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        rows(shape, self.type)
        for kernel in self.kernels(shape):
            kernel.check()
        if self.kernel_regularizer is not None and self.kernel_regularizer.orthogonal is not None:
            raise ValueError('its kernels are no matrices to Keras: take {"l1": …} or {"l2": …}')
        return shape

    def kernels(self, shape: Shape) -> tuple[Kernel, ...]:
        """The four kernels, by the names of Keras's layers in it."""
        values, keys = shape[-1], (self.num_heads, self.key_dim)
        heads = (self.num_heads, self.value_dim or self.key_dim)
        shapes = {
            "query": (values, *keys),
            "key": (values, *keys),
            "value": (values, *heads),
            "attention_output": (*heads, values),
        }
        asked = self.kernel_initializer, self.kernel_regularizer
        return tuple(Kernel(f"{name}/kernel", kernel, *asked) for name, kernel in shapes.items())

    def variables(self, shape: Shape) -> tuple[Variable, ...]:
        """See the base class."""
        found: list[Variable] = []
        for kernel in self.kernels(shape):
            found.append(kernel.variable)
            if self.use_bias:
                name = kernel.name.removesuffix("kernel") + "bias"
                size = kernel.shape[-1:] if name.startswith("attention_output") else kernel.shape[1:]
                found.append(Variable(name, size))
        return tuple(found)

    def values_kept(self, shape: Shape, output_shape: Shape) -> int:
        """See the base class: queries, keys, values, means and the output; weights with their softmax and dropout."""
        count, _ = shape
        value_dim = self.value_dim or self.key_dim
        projected = count * self.num_heads * 2 * (self.key_dim + value_dim) + prod(output_shape)
        weights = self.num_heads * count**2 * (5 if self.dropout else 2)
        return 2 * (projected + weights)

    def multiplications(self, shape: Shape) -> int:
        """See the base class."""
        count, size = shape
        value_dim = self.value_dim or self.key_dim
        projections = count * size * self.num_heads * 2 * (self.key_dim + value_dim)
        return projections + self.num_heads * count**2 * (self.key_dim + value_dim)
