"""Noise whose random numbers XLA can make many at a time.

Under XLA on a CPU the generator behind Keras's ``Dropout`` takes most of an epoch. Written out as whole-array
operations, a generator of the same family costs next to nothing: ``bench/executors.py`` measures both.
"""

import math

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
        kept = tf.reshape(_kept(self, tf.size(inputs)), tf.shape(inputs))
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))


class VectorizedSpatialDropout2D(keras.layers.SpatialDropout2D):  # type: ignore[misc]  # Keras ships no types
    """The same of whole channels of images (batch, height, width, channels)."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop channels of ``inputs`` if ``training``."""
        if not training or self.rate == 0:
            return inputs
        samples, channels = tf.shape(inputs)[0], inputs.shape[-1]
        kept = tf.reshape(_kept(self, samples * channels), (samples, 1, 1, channels))
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))


class VectorizedGaussianNoise(keras.layers.GaussianNoise):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``GaussianNoise``, with other random numbers."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Add noise to ``inputs`` (any shape) if ``training``."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + self.stddev * _normals(self, inputs)


class VectorizedGaussianDropout(keras.layers.GaussianDropout):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``GaussianDropout``, with other random numbers."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Multiply ``inputs`` (any shape) by noise of mean 1 if ``training``."""
        if not training or self.rate == 0:
            return inputs
        return inputs * (1 + math.sqrt(self.rate / (1 - self.rate)) * _normals(self, inputs))


def _kept(layer: keras.layers.Layer, count: tf.Tensor) -> tf.Tensor:
    """Of the next so many values of a layer's stream, which are not dropped: (count,) bool."""
    return _bits(layer, count) >= tf.constant(int(layer.rate * 2**32), tf.uint32)


def _normals(layer: keras.layers.Layer, like: tf.Tensor) -> tf.Tensor:
    """The next values of a layer's stream, of mean 0 and standard deviation 1, in the shape and type of another.

    Two of each pair of uniform numbers, by Box and Muller, "A note on the generation of random normal deviates" (1958).
    """
    count = tf.size(like)
    pairs = (count + 1) // 2
    bits = _bits(layer, 2 * pairs)
    # In float32: in (0, 1], so that its logarithm is finite, and in [0, 1).
    first = (
        tf.cast(tf.bitwise.right_shift(bits[:pairs], tf.constant(8, tf.uint32)), tf.float32) + 1.0
    ) * 2.0**-24
    second = tf.cast(tf.bitwise.right_shift(bits[pairs:], tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24
    length, angle = tf.sqrt(-2.0 * tf.math.log(first)), 2.0 * math.pi * second
    values = tf.concat([length * tf.cos(angle), length * tf.sin(angle)], 0)[:count]
    return tf.cast(tf.reshape(values, tf.shape(like)), like.dtype)


def _bits(layer: keras.layers.Layer, count: tf.Tensor) -> tf.Tensor:
    """The next so many words of a layer's stream: (count,) uint32."""
    # (2,): the seed, and how many draws came before
    stream = tf.cast(layer.seed_generator.next(), tf.uint32)
    places = tf.cast(tf.range(count), tf.uint32)
    return philox(stream[0], places, tf.fill(tf.shape(places), stream[1]))


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
