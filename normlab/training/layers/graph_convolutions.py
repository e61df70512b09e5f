"""Convolutions for networks that run as a TensorFlow graph on a CPU: Keras's arithmetic, by right and fast ways.

- Strided kernels of one pixel: oneDNN's gradient of some of them by the kernel is wrong, and may write beyond its
  memory (oneDNN issue 6035, open, seen with TensorFlow 2.21 on an AMD processor with AVX2). Such a kernel reads every
  so-manieth pixel alone: these are taken first, and what is left is a convolution without strides, whose gradient is
  right.
- Convolutions in groups: Keras has XLA compile each of them by itself, which takes twenty times as long
  (``docs/performance.md``); TensorFlow's own cannot be fused with a bias where oneDNN is off, and raises an error. So
  each group is a convolution, as its definition has it.

``tests/training/test_convolution_gradients.py`` holds both to XLA's numbers in float64.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops


class _ByAnotherWay:
    """Of a Keras convolution over (batch, positions ..., channels)."""

    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        """Keras's own, or the same numbers by another way."""
        if max(self.kernel_size) == 1 and max(self.strides) > 1:
            # Both kinds of padding add nothing to one pixel.
            inputs = inputs[:, *(slice(None, None, stride) for stride in self.strides)]
            return _by_group(ops.conv, inputs, kernel)
        return _by_group(super().convolution_op, inputs, kernel)  # type: ignore[misc]  # of the layer this is mixed into


def _by_group(convolve: Callable[[tf.Tensor, Any], tf.Tensor], inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
    """A convolution whose kernel, (size ..., channels of a group, filters), may be that of several groups."""
    groups = inputs.shape[-1] // kernel.shape[-2]
    if groups == 1:
        return convolve(inputs, kernel)
    parts = zip(tf.split(inputs, groups, axis=-1), ops.split(kernel, groups, axis=-1), strict=True)
    return tf.concat([convolve(some, of_kernel) for some, of_kernel in parts], axis=-1)


class GraphConv1D(_ByAnotherWay, keras.layers.Conv1D):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``Conv1D``."""


class GraphConv2D(_ByAnotherWay, keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``Conv2D``."""
