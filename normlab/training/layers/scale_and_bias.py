"""A learned scale or bias of each channel alone: what is left of a normalization that takes no statistics.

Frankle, Schwab and Morcos, "Training BatchNorm and only BatchNorm" (2021), and the ablations of many others ask what
``gamma`` and ``beta`` do by themselves. Training and inference are the same.
"""

from typing import Any

import keras
import tensorflow as tf


class ScaleOnly(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """``gamma * x``, with ``gamma`` (channels,)."""

    def build(self, input_shape: Any) -> None:
        """Make ``gamma``."""
        self.gamma = self.add_weight(name="gamma", shape=input_shape[-1:], initializer="ones")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiply each channel."""
        return inputs * self.gamma


class BiasOnly(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """``x + beta``, with ``beta`` (channels,)."""

    def build(self, input_shape: Any) -> None:
        """Make ``beta``."""
        self.beta = self.add_weight(name="beta", shape=input_shape[-1:], initializer="zeros")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Add to each channel."""
        return inputs + self.beta
