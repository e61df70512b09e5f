"""Pictures made brighter, darker, flatter. Pictures are (batch, height, width, channels), their pixels 0 to 1."""

import tensorflow as tf

from normlab.spec.augmentation import Brightness, Contrast
from normlab.training.augmentation.draws import Draws


def brightness(asked: Brightness, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Add one number to all pixels of a picture."""
    more = draws.uniform(0, -asked.factor, asked.factor)
    return tf.clip_by_value(pictures + more[:, None, None, None], 0.0, 1.0)


def contrast(asked: Contrast, pictures: tf.Tensor, draws: Draws) -> tf.Tensor:
    """Multiply the distances from each channel's mean."""
    times = draws.uniform(0, 1 - asked.factor, 1 + asked.factor)
    mean = tf.reduce_mean(pictures, axis=(1, 2), keepdims=True)
    return tf.clip_by_value((pictures - mean) * times[:, None, None, None] + mean, 0.0, 1.0)
