"""Dropout whose random numbers XLA can make many at a time.

Under XLA on a CPU the generator behind Keras's ``Dropout`` takes most of an epoch. Written out as whole-array
operations, a generator of the same family costs next to nothing: ``bench/executors.py`` measures both.
"""

import keras
import tensorflow as tf

_MULTIPLIER = 0xD256D193
_KEY_STEP = 0x9E3779B9
_ROUNDS = 10


class VectorizedDropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``Dropout`` with its rate, scaling and seed state, but with other random bits.

    In training each value becomes 0 with probability ``rate``, the others are divided by ``1 - rate``; each call
    draws anew from the stream that the layer's seed names. In evaluation the input is passed on as it is.
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop values of ``inputs`` (any shape) if ``training``."""
        if not training or self.rate == 0:
            return inputs
        stream = tf.cast(
            self.seed_generator.next(), tf.uint32
        )  # (2,): the seed, and how many draws came before
        places = tf.cast(tf.range(tf.size(inputs)), tf.uint32)
        bits = philox(stream[0], places, tf.fill(tf.shape(places), stream[1]))
        kept = tf.reshape(bits >= tf.constant(int(self.rate * 2**32), tf.uint32), tf.shape(inputs))
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))


def philox(key: tf.Tensor, first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """32 random bits for each counter ``(first, second)`` under a key: all uint32, counters and result (n,).

    This is the first word of Philox2x32-10 by Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
    1, 2, 3" (2011).
    """
    for number in range(_ROUNDS):
        product = tf.cast(first, tf.uint64) * tf.constant(_MULTIPLIER, tf.uint64)
        high = tf.cast(tf.bitwise.right_shift(product, tf.constant(32, tf.uint64)), tf.uint32)
        round_key = key + tf.constant(number * _KEY_STEP % 2**32, tf.uint32)
        first, second = (
            tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(high, round_key), second),
            tf.cast(product, tf.uint32),
        )
    return first
