"""Unit normalization whose gradient XLA computes at zeros, too.

At a row of zeros, as behind ReLU, Keras's gradient is 0 in a TensorFlow graph and NaN under XLA, where an infinite
derivative is multiplied by 0. Everything else is Keras's own.
"""

import keras
import tensorflow as tf

_SHORTEST = 1e-12
"""Keras's: a shorter row is divided by this."""


class SafeUnitNormalization(keras.layers.UnitNormalization):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``UnitNormalization``, the gradient of which is 0 at zeros."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Divide the last dimension by its length."""
        squares = tf.reduce_sum(tf.square(inputs), axis=-1, keepdims=True)
        is_zero = squares == 0
        inverse = tf.minimum(
            tf.math.rsqrt(tf.where(is_zero, tf.ones_like(squares), squares)), 1.0 / _SHORTEST
        )
        return inputs * tf.where(is_zero, tf.zeros_like(squares), inverse)
