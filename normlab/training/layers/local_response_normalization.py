"""Local response normalization: each value divided by a power of its neighbouring channels' squares.

Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012), section 3.3,
with the parameters of TensorFlow's ``local_response_normalization``: ``y = x / (bias + alpha * s) ** beta``, with s the
sum of the squares of the channels at most ``depth_radius`` away. TensorFlow's own operation knows no float64 and only
images; here the sums are a product with a matrix of zeros and ones. Training and inference are the same.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops


def neighbours(channels: int, depth_radius: int) -> npt.NDArray[np.bool_]:
    """(channels, channels): whether two are at most ``depth_radius`` apart."""
    places = np.arange(channels)
    near: npt.NDArray[np.bool_] = np.abs(places[:, None] - places) <= depth_radius
    return near


class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Over the last dimension of anything."""

    def __init__(self, depth_radius: int, bias: float, alpha: float, beta: float, **options: Any) -> None:
        super().__init__(**options)
        self.depth_radius, self.bias, self.alpha, self.beta = depth_radius, bias, alpha, beta

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Divide each value."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        near = ops.cast(neighbours(x.shape[-1], self.depth_radius), x.dtype)
        sums = ops.matmul(ops.square(x), near)
        y = x * ops.power(self.bias + self.alpha * sums, -self.beta)
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """What it is made with."""
        own = {name: getattr(self, name) for name in ("depth_radius", "bias", "alpha", "beta")}
        return {**super().get_config(), **own}
