"""Filter response normalization with its thresholded linear unit.

Singh and Krishnan, "Filter response normalization layer: eliminating batch dependence in the training of deep neural
networks" (2020), section 3: ``y = max(gamma * x / sqrt(mean(x²) + epsilon) + beta, tau)``, with the mean over the
places of each channel of each sample. Epsilon is a constant, as the authors have it for all but single pixels.
Training and inference are the same. Normalizes in float32 where training computes in 16 bits.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


class FilterResponseNormalization(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Of images (batch, height, width, channels); ``gamma``, ``beta`` and ``tau`` are (channels,)."""

    def __init__(self, epsilon: float = 1e-6, thresholded: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon, self.thresholded = epsilon, thresholded
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        shape = input_shape[-1:]
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.tau = self.add_weight(name="tau", shape=shape, initializer="zeros") if self.thresholded else None

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalize, scale and center, and take the maximum with ``tau``."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        mean_square = ops.mean(ops.square(x), axis=(1, 2), keepdims=True)
        y = x * ops.rsqrt(mean_square + self.epsilon) * self.gamma + self.beta
        if self.tau is not None:
            y = ops.maximum(y, self.tau)
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """What it is made with."""
        return {**super().get_config(), "epsilon": self.epsilon, "thresholded": self.thresholded}
