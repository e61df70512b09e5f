"""The weights of a network at one moment, as values that nothing changes any more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Self

import keras
import numpy as np

from normlab.training.layers.network import Array, weights_of


@dataclass(frozen=True)
class Layout:
    """Where each weight lies when all of them are in one row, in the order of ``network.weights``."""

    names: tuple[tuple[str, str], ...]
    """The names of layer and variable."""
    shapes: tuple[tuple[int, ...], ...]
    trained: tuple[bool, ...]

    @classmethod
    def of(cls, network: keras.Model) -> Self:
        """That of a network."""
        names = {
            id(weight): (layer.name, name) for layer in network.layers for name, weight in weights_of(layer)
        }
        return cls(
            names=tuple(names[id(weight)] for weight in network.weights),
            shapes=tuple(tuple(weight.shape) for weight in network.weights),
            trained=tuple(bool(weight.trainable) for weight in network.weights),
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """So many numbers each weight has."""
        return tuple(prod(shape) for shape in self.shapes)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each of them lies."""
        ends = accumulate(self.sizes, initial=0)
        return tuple(slice(start, end) for start, end in pairwise(ends))

    @cached_property
    def is_trained(self) -> Array:
        """Which numbers are trained: (numbers,) bool."""
        return np.repeat(self.trained, self.sizes)


@dataclass(frozen=True)
class Weights:
    """All weights of a network in one row, or as many numbers of another meaning, such as their gradients."""

    layout: Layout
    values: Array
    """(numbers,), not to be written."""

    @cached_property
    def by_layer(self) -> Mapping[str, Mapping[str, Array]]:
        """By the names of layer and variable, in their shapes."""
        found: dict[str, dict[str, Array]] = {}
        places = zip(self.layout.names, self.layout.slices, self.layout.shapes, strict=True)
        for (layer, name), place, shape in places:
            found.setdefault(layer, {})[name] = self.values[place].reshape(shape)
        return found

    def kernel(self, layer: str) -> Array:
        """A layer's kernel."""
        return self.by_layer[layer]["kernel"]

    def with_values(self, values: Array) -> "Weights":
        """Others in the same places."""
        values.setflags(write=False)
        return Weights(self.layout, values)

    def with_layers(self, other: "Weights", layers: Collection[str]) -> "Weights":
        """The same, but in these layers those of another."""
        values = self.values.copy()
        for (layer, _), place in zip(self.layout.names, self.layout.slices, strict=True):
            if layer in layers:
                values[place] = other.values[place]
        return self.with_values(values)

    def with_variables(self, given: Mapping[str, Mapping[str, Array]]) -> "Weights":
        """The same, but with these values, by the names of variable and layer."""
        values = self.values.copy()
        for (layer, name), place in zip(self.layout.names, self.layout.slices, strict=True):
            if layer in given.get(name, ()):
                values[place] = given[name][layer].reshape(-1)
        return self.with_values(values)
