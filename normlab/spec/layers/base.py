"""What is known of a layer before it is built: its shapes, variables and costs."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from normlab.spec.fields import SpecModel
from normlab.spec.initializers import BaseInitializer
from normlab.spec.kernels import Penalty

Shape = tuple[int, ...]
"""A sample's shape, without the batch dimension."""


@dataclass(frozen=True)
class Variable:
    """A variable that a layer will have, by Keras's name for it (of a layer in it: ``query/kernel``)."""

    name: str
    shape: Shape
    trainable: bool = True
    initial: float = 0.0
    """What all its values are at the start, if nothing of the following says otherwise."""
    initializer: BaseInitializer | None = None
    """How they are drawn."""
    norms_of: str | None = None
    """The variable of the same layer whose units' norms they are."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


Facet = Literal["layers", "normalization", "activation", "dropout"]
"""Which question about a network a layer answers, when two networks are compared."""


class BaseLayer(SpecModel):
    """A layer of an architecture. A kind of layer is a subclass: its ``type``, Keras's parameters by Keras's names,
    and what of the following differs from what is said here.
    """

    keras_class: ClassVar[str]
    """The name of its class in ``keras.layers``."""
    facet: ClassVar[Facet] = "layers"
    size_field: ClassVar[str | None] = None
    """The field that says how large the layer is: it is shown without its name."""
    limited_fields: ClassVar[tuple[str, ...]] = ()
    """The fields that the limit ``units`` is about."""
    initializer_fields: ClassVar[tuple[str, ...]] = ()
    """The fields that say how kernels are drawn: only what has weights has some."""
    slow_under_xla_on_cpu: ClassVar[bool] = False
    """Whether a TensorFlow graph runs it faster there: see ``normlab/training/compiled/executors.py``."""

    kept_in_training: ClassVar[int] = 2
    """How many times its output's size a step holds in memory: for most the output, and the gradient of it."""

    type: str

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """What the layer adds to the loss for its kernels."""
        return ()

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that leaves the layer when ``shape`` enters it.

        Raises ``ValueError`` with a sentence that says what would be right when ``shape`` cannot enter.
        """
        return shape

    def variables(self, shape: Shape) -> tuple[Variable, ...]:  # noqa: ARG002  (most layers have none)
        """The layer's variables when ``shape`` enters it."""
        return ()

    def values_kept(self, shape: Shape, output_shape: Shape) -> int:  # noqa: ARG002  (for most what leaves it counts)
        """How many values a training step holds in memory for each sample, when these enter and leave the layer."""
        return self.kept_in_training * prod(output_shape)

    def multiplications(self, shape: Shape) -> int:  # noqa: ARG002  (counted only where matrices are multiplied)
        """Multiply-adds of one forward pass of one sample. Element-wise work is not counted."""
        return 0


def describe(shape: Shape) -> str:
    """A shape as people write it: ``28 x 28 x 1``."""
    return " x ".join(map(str, shape))
