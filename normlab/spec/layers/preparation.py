"""What a table's rows go through before the first layer of an architecture. Nobody writes this layer: the dataset
brings it along, as it does the output layer.

Its output has, in this order: each number, standardized; for each number of which some are missing in training an input
that is 1 where it is missing; and what stands for each category (``CategoryInputs``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from normlab.spec.columns import Column, ColumnForm
from normlab.spec.initializers import RandomUniform
from normlab.spec.layers.base import BaseLayer, Shape, Variable

MAX_ONE_HOT = 16
"""A column of more categories gets an embedding."""
MAX_EMBEDDING = 50
"""Numbers of an embedding."""
_UNIFORM = RandomUniform(name="random_uniform")
"""Keras's for embeddings."""


@dataclass(frozen=True)
class CategoryInputs:
    """What stands for a column of categories: one input for each of its values, which is 1 where the value is that one
    and else 0, or of many values a few numbers for each that are trained, its embedding.

    With ``missing`` there is one value more, the last, for what is missing or unknown. Without it, training has met
    neither, and both are all zeros, since what nothing was learned of should add nothing.
    """

    index: int
    """The column's place in the table."""
    categories: int
    missing: bool
    first: int
    """Where its values begin among those of all columns of categories."""

    @property
    def values(self) -> int:
        """How many there are to tell apart."""
        return self.categories + self.missing

    @property
    def embedding(self) -> str | None:
        """The name of the variable that holds it, (values, numbers); None: the inputs are the values themselves."""
        return None if self.categories <= MAX_ONE_HOT else f"embedding_{self.index}"

    @property
    def width(self) -> int:
        """How many numbers leave the layer. Of an embedding as many as fast.ai's tables have."""
        if self.embedding is None:
            return self.values
        return min(MAX_EMBEDDING, round(1.6 * math.pow(self.categories, 0.56)))


@dataclass(frozen=True)
class TableInputs:
    """Which numbers enter a network for a row of a table, as its columns say."""

    numbers: tuple[int, ...]
    """The places of columns of numbers."""
    indicators: tuple[int, ...]
    """Of ``numbers``, which have an input that says whether they are missing."""
    categories: tuple[CategoryInputs, ...]

    @classmethod
    def of(cls, forms: Sequence[ColumnForm]) -> "TableInputs":
        """Those of columns of these forms."""
        numbers = tuple(index for index, form in enumerate(forms) if form.categories is None)
        categories: list[CategoryInputs] = []
        first = 0
        for index, form in enumerate(forms):
            if form.categories is not None:
                made = CategoryInputs(index, form.categories, form.missing, first)
                categories.append(made)
                first += made.values
        return cls(
            numbers=numbers,
            indicators=tuple(place for place, index in enumerate(numbers) if forms[index].missing),
            categories=tuple(categories),
        )

    @property
    def values(self) -> int:
        """Of all columns of categories together."""
        return sum(item.values for item in self.categories)

    @property
    def width(self) -> int:
        """How many numbers leave the layer."""
        return len(self.numbers) + len(self.indicators) + sum(item.width for item in self.categories)


class Preparation(BaseLayer):
    """Rows of a table, as they were brought, made inputs of a network: (columns,) to (width,)."""

    keras_class = "Preparation"

    type: Literal["preparation"] = "preparation"
    columns: tuple[Column, ...]

    @property
    def inputs(self) -> TableInputs:
        """What leaves it."""
        return TableInputs.of([column.form for column in self.columns])

    def output_shape(self, shape: Shape) -> Shape:
        """See the base class."""
        if shape != (len(self.columns),):
            raise ValueError(f"{len(self.columns)} columns are prepared, and {prod(shape)} values enter")
        return (self.inputs.width,)

    def variables(self, shape: Shape) -> tuple[Variable, ...]:  # noqa: ARG002  (the columns say it)
        """See the base class. Means and deviations are set before a training, from the rows that it trains on."""
        inputs = self.inputs
        numbers = (len(inputs.numbers),)
        statistics = (
            (
                Variable("mean", numbers, trainable=False),
                Variable("deviation", numbers, trainable=False, initial=1.0),
            )
            if inputs.numbers
            else ()
        )
        embeddings = tuple(
            Variable(item.embedding, (item.values, item.width), initializer=_UNIFORM)
            for item in inputs.categories
            if item.embedding is not None
        )
        return statistics + embeddings

    def values_kept(self, shape: Shape, output_shape: Shape) -> int:
        """See the base class. Every value of every column of categories is told apart before it is embedded."""
        return 2 * prod(shape) + prod(output_shape) + 2 * self.inputs.values

    def multiplications(self, shape: Shape) -> int:  # noqa: ARG002  (the columns say it)
        """See the base class."""
        return sum(item.values * item.width for item in self.inputs.categories if item.embedding is not None)
