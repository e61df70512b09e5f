"""A learned scale or bias of each channel alone: what is left of a normalization that takes no statistics.

Frankle, Schwab and Morcos, "Training BatchNorm and only BatchNorm" (2021), and the ablations of many others ask what
``gamma`` and ``beta`` do by themselves. One number for all channels is what networks without normalization use: De and
Smith, "Batch normalization biases residual blocks towards the identity function in deep networks" (2020), a factor that
begins as 0; Zhang, Dauphin and Ma, "Fixup initialization" (2019), factors of 1 and biases. Training and inference are
the same.
"""

from typing import Any

import keras
import tensorflow as tf


class ScaleOnly(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """``gamma * x``, with ``gamma`` (channels,), or (1,) if it is a ``scalar``."""

    def __init__(self, *, scalar: bool = False, initial: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.scalar, self.initial = scalar, initial

    def build(self, input_shape: Any) -> None:
        """Make ``gamma``."""
        shape, initial = (1,) if self.scalar else input_shape[-1:], keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer=initial)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiply each channel."""
        return inputs * self.gamma

    def get_config(self) -> dict[str, Any]:
        """What it is made with."""
        return {**super().get_config(), "scalar": self.scalar, "initial": self.initial}


class BiasOnly(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """``x + beta``, with ``beta`` (channels,), or (1,) if it is a ``scalar``."""

    def __init__(self, *, scalar: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.scalar = scalar

    def build(self, input_shape: Any) -> None:
        """Make ``beta``."""
        shape = (1,) if self.scalar else input_shape[-1:]
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Add to each channel."""
        return inputs + self.beta

    def get_config(self) -> dict[str, Any]:
        """What it is made with."""
        return {**super().get_config(), "scalar": self.scalar}
