"""What every layer can tell of itself without being built."""

from dataclasses import dataclass
from math import prod

from normlab.spec.fields import SpecModel

Shape = tuple[int, ...]
"""A sample's shape, without the batch dimension."""


@dataclass(frozen=True)
class Variable:
    """A variable that a layer will have, by Keras's name for it."""

    name: str
    shape: Shape
    trainable: bool = True

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


class BaseLayer(SpecModel):
    """A layer of an architecture. Subclasses have a ``type``, Keras's parameters, and these three methods."""

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that leaves the layer when ``shape`` enters it.

        Raises ``ValueError`` with a sentence that says what would be right when ``shape`` cannot enter.
        """
        return shape

    def variables(self, shape: Shape) -> tuple[Variable, ...]:  # noqa: ARG002  (most layers have none)
        """The layer's variables when ``shape`` enters it."""
        return ()

    def multiplications(self, shape: Shape) -> int:  # noqa: ARG002  (counted only where matrices are multiplied)
        """Multiply-adds of one forward pass of one sample. Element-wise work is not counted."""
        return 0


def describe(shape: Shape) -> str:
    """A shape as people write it: ``28 x 28 x 1``."""
    return " x ".join(map(str, shape))
