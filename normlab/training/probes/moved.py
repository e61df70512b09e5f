"""The gradients of many kernels, each behind layers below it that have made a step, in one pass.

For each kernel the network is another one: the layers below it are as after the step, it and all others as before.
What has left the moved layers goes on through the same layers for all kernels, so it goes as one batch, each part of it
with statistics and a loss of its own. So a network of n layers takes about as long as two passes, and not as n.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import keras
import tensorflow as tf

from normlab.spec import PlannedLayer
from normlab.spec.graph import NETWORK_INPUT
from normlab.training.objective import losses_before_softmax

Given: TypeAlias = Mapping[str, Sequence[tuple[keras.Variable, tf.Tensor]]]
"""Values for the variables of each layer."""


@dataclass
class Cut:
    """A layer in a traced pass."""

    x: tf.Tensor
    z: tf.Tensor
    """What enters its activation."""
    h: tf.Tensor
    mean: tf.Tensor | None = None
    """Of what enters batch normalization: (channels,)."""
    variance: tf.Tensor | None = None


def moved_gradients(
    planned: Sequence[PlannedLayer],
    below: Mapping[str, Collection[str]],
    through: Callable[[PlannedLayer, Sequence[tf.Tensor], Given], Cut],
    *,
    before: Given,
    after: Given,
    pixels: tf.Tensor,
    labels: tf.Tensor,
) -> list[tf.Tensor]:
    """Trace the pass: by each layer that ``below`` names, the gradient of the mean plain loss by its kernel, where
    the layers that are named for it have their values ``after`` the step, and all others those ``before`` it.

    ``through`` computes a layer for given values of its variables, with statistics of each ``len(labels)`` samples.
    """
    size = tf.size(labels)
    with tf.GradientTape() as tape:
        # A kernel's gradient is asked where its own part of the batch goes through it, and nowhere else.
        own = {name: [(variable, tf.identity(value)) for variable, value in before[name]] for name in below}
        kernels = [
            value for values in own.values() for variable, value in values if variable.name == "kernel"
        ]
        tape.watch(kernels)
        moved: dict[str, tf.Tensor] = {NETWORK_INPUT: pixels}
        parts: dict[str, tf.Tensor] = {}
        order: dict[str, list[str]] = {}

        def leaving(layer: str, names: Sequence[str]) -> tf.Tensor:
            """The parts of these kernels as they leave a layer."""
            if names == order.get(layer):
                return parts[layer]
            found = []
            for name in names:
                if layer in below[name] or layer == NETWORK_INPUT:
                    found.append(moved[layer])
                else:
                    number = order[layer].index(name)
                    found.append(parts[layer][number * size : (number + 1) * size])
            return tf.concat(found, 0)

        for item in planned:
            others = [name for name in below if name != item.name and item.name not in below[name]]
            cuts = []
            if others:
                cuts.append(through(item, [leaving(name, others) for name in item.inputs], before))
            if item.name in own:
                cuts.append(through(item, [moved[name] for name in item.inputs], own))
            if cuts:
                last = item is planned[-1]
                parts[item.name] = tf.concat([cut.z if last else cut.h for cut in cuts], 0)
                order[item.name] = [*others, item.name] if item.name in own else others
            if any(item.name in names for names in below.values()):
                moved[item.name] = through(item, [moved[name] for name in item.inputs], after).h
        logits = parts[planned[-1].name]
        losses = losses_before_softmax(tf.tile(labels, [len(below)]), logits)
        total = tf.reduce_sum(losses) / tf.cast(size, losses.dtype)
    gradients: list[tf.Tensor] = tape.gradient(total, kernels, unconnected_gradients="zero")
    return gradients
