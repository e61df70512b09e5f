"""Strided convolutions with kernels of one pixel, for networks that run as a TensorFlow graph on a CPU.

oneDNN's gradient of some of them by the kernel is wrong, and may write beyond its memory (oneDNN issue 6035, open, seen
with TensorFlow 2.21 on an AMD processor with AVX2). Such a kernel reads every so-manieth pixel alone: these are taken
first, and what is left is a convolution without strides, whose gradient is right.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


class _TakesPixelsFirst:
    """Of a Keras convolution over (batch, positions ..., channels)."""

    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        """Keras's own, or the same numbers by another way: both kinds of padding add nothing to one pixel."""
        if max(self.kernel_size) > 1 or max(self.strides) == 1:
            return super().convolution_op(inputs, kernel)  # type: ignore[misc]  # of the layer this is mixed into
        return ops.conv(inputs[:, *(slice(None, None, stride) for stride in self.strides)], kernel)


class PixelwiseConv1D(_TakesPixelsFirst, keras.layers.Conv1D):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``Conv1D``."""


class PixelwiseConv2D(_TakesPixelsFirst, keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``Conv2D``."""
