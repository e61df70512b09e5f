"""Random numbers for pictures: each depends on the seed, the epoch and the picture's place in it, and on nothing else.

So all arms of a pair see the same changed pictures, whatever their networks draw, and also with other batch sizes; and
a run that goes on from a checkpoint needs no state.
"""

from dataclasses import dataclass

import tensorflow as tf

from normlab.training.layers.noise import philox

_DRAWS = 8
"""More than one augmentation takes for a picture."""
_BITS = 24


@dataclass(frozen=True)
class Draws:
    """The numbers of one augmentation for the pictures of a batch."""

    key: tf.Tensor  # () uint32: of the seed and the augmentation
    epoch: tf.Tensor  # () uint32
    places: tf.Tensor  # (batch,) uint32: in the epoch's order
    dtype: str

    def uniform(self, number: int, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """The draw of a ``number`` (from 0) for each picture: (batch,), at least ``low`` and less than ``high``."""
        assert number < _DRAWS  # noqa: S101  (for who writes an augmentation)
        counter = tf.fill(tf.shape(self.places), self.epoch * _DRAWS + tf.constant(number, tf.uint32))
        bits = tf.bitwise.right_shift(
            philox(self.key, self.places, counter), tf.constant(32 - _BITS, tf.uint32)
        )
        share = tf.cast(tf.cast(bits, tf.int32), self.dtype) * 2.0**-_BITS
        return low + (high - low) * share

    def whole(self, number: int, count: int) -> tf.Tensor:
        """The same as whole numbers, 0 to ``count - 1``: (batch,) int32."""
        return tf.cast(tf.floor(self.uniform(number, 0.0, float(count))), tf.int32)
