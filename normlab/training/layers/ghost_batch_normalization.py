"""Ghost batch normalization: the statistics of small parts of a large batch.

Hoffer, Hubara and Soudry, "Train longer, generalize better" (2017), algorithm 1. In training a batch is cut into parts
of ``virtual_batch_size`` samples, in its order, the last of what is left over; each is normalized by its own mean and
variance. The moving averages are updated once for each batch, by the mean over samples of the parts' means and
variances, as TensorFlow 1 did (the paper updates them once for each part). Inference is that of batch normalization.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from normlab.training.layers.moving_averages import WithMovingAverages


class GhostBatchNormalization(WithMovingAverages):
    """Keras's ``BatchNormalization`` with the statistics of parts of the batch in training."""

    def __init__(self, virtual_batch_size: int, **options: Any) -> None:
        super().__init__(**options)
        self.virtual_batch_size = virtual_batch_size

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Normalize over all axes but the last; the batch's size has to be known in training."""
        size = self.virtual_batch_size
        if not training or inputs.shape[0] <= size:
            return super().call(inputs, training=training, mask=mask)
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        samples = inputs.shape[0]
        whole = samples - samples % size
        parts = [ops.reshape(x[:whole], (-1, size, *x.shape[1:]))]
        if whole < samples:
            parts.append(ops.reshape(x[whole:], (1, samples - whole, *x.shape[1:])))
        outputs, mean, variance = [], 0.0, 0.0
        for part in parts:
            normalized, means, variances = self._normalized(part)
            outputs.append(ops.reshape(normalized, (-1, *x.shape[1:])))
            share = part.shape[1] / samples
            mean, variance = mean + share * ops.sum(means, 0), variance + share * ops.sum(variances, 0)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return ops.cast(ops.concatenate(outputs), self.compute_dtype)

    def _normalized(self, parts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """(parts, samples, *shape) normalized each by itself, and their means and variances: (parts, channels)."""
        axes = list(range(1, len(parts.shape) - 1))
        means, variances = ops.moments(parts, axes=axes, keepdims=True)
        factor = ops.rsqrt(variances + self.epsilon)
        if self.scale:
            factor *= ops.cast(self.gamma, parts.dtype)
        shift = -means * factor
        if self.center:
            shift += ops.cast(self.beta, parts.dtype)
        return parts * factor + shift, *(ops.squeeze(value, axes) for value in (means, variances))

    def get_config(self) -> dict[str, Any]:
        """Keras's, with the size of a part."""
        return {**super().get_config(), "virtual_batch_size": self.virtual_batch_size}
