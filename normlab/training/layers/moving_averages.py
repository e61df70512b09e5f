"""What our batch normalizations share: how a moving average follows the batches, as Keras's does."""

import keras
import tensorflow as tf


class WithMovingAverages(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``BatchNormalization`` for subclasses that take means and variances otherwise."""

    def _move(self, moving: keras.Variable, now: tf.Tensor) -> None:
        """``moving * momentum + now * (1 - momentum)``."""
        moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
