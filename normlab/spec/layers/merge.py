"""Where branches of a network come together again. Nobody writes these layers: blocks are planned with them."""

from collections.abc import Sequence
from typing import Literal

from normlab.spec.kinds import kinds_of
from normlab.spec.layers.base import BaseLayer, Shape, describe


class Merge(BaseLayer):
    """A layer that several others enter, each of them a sample's values of one shape."""

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """The shape that leaves the layer when these enter it.

        Raises ``ValueError`` with a sentence that says why they do not fit each other.
        """
        raise NotImplementedError


class Add(Merge):
    """The sum of values of one shape."""

    keras_class = "Add"

    type: Literal["add"] = "add"

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """See the base class. Keras would stretch a size of 1, which is hardly ever meant in a sum."""
        if len(set(shapes)) > 1:
            raise ValueError(f"{_different(shapes)} cannot be added")
        return shapes[0]


class Multiply(Merge):
    """The product of values of one shape; a size of 1 is stretched to that of the others, as in a gate."""

    keras_class = "Multiply"

    type: Literal["multiply"] = "multiply"

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """See the base class."""
        if len({len(shape) for shape in shapes}) == 1:
            sizes = [set(along) - {1} for along in zip(*shapes, strict=True)]
            if all(len(size) <= 1 for size in sizes):
                return tuple(size.pop() if size else 1 for size in sizes)
        raise ValueError(f"{_different(shapes)} cannot be multiplied")


class Concatenate(Merge):
    """Values side by side along the last dimension: the channels of pictures."""

    keras_class = "Concatenate"

    type: Literal["concatenate"] = "concatenate"

    def merged_shape(self, shapes: Sequence[Shape]) -> Shape:
        """See the base class."""
        if len({shape[:-1] for shape in shapes}) > 1:
            raise ValueError(f"{_different(shapes)} cannot be concatenated")
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))


MERGES = kinds_of(Add | Concatenate | Multiply, "type", Merge)
"""Every layer that merges, by its ``type``."""


def _different(shapes: Sequence[Shape]) -> str:
    """Each shape once."""
    return " and ".join(map(describe, dict.fromkeys(shapes)))
