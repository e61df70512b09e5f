"""Batch normalization of images as one operation, for networks that run as a TensorFlow graph.

Keras composes it of some twenty operations. XLA melts them into a few; a graph runs each of them over the whole
batch, which took more than a third of a convolutional network's step: ``bench/executors.py`` measures it.
"""

from math import prod
from typing import Any

import tensorflow as tf

from normlab.training.layers.moving_averages import WithMovingAverages


class FusedBatchNormalization(WithMovingAverages):
    """Keras's ``BatchNormalization``, which trains on images (batch, height, width, channels) with one operation.

    ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with mean and variance of the batch for each channel.
    The moving variance, too, is of variances with divisor n, as in Keras; TensorFlow's operation gives them with n - 1.
    Everything else is Keras's own: inference, other ranks, other types than float32, and renormalization.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Normalize over all axes but the last."""
        composed = self.renorm or mask is not None or len(inputs.shape) != 4 or inputs.dtype != tf.float32
        if not training or composed:
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value if self.scale else tf.ones(channels),
            offset=self.beta.value if self.center else tf.zeros(channels),
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        values = prod(inputs.shape[:-1])
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance * ((values - 1) / values))
        return outputs
