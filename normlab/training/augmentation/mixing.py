"""Pictures mixed with each other, and their labels with them."""

from functools import cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.spec.augmentation import Mixup
from normlab.training.augmentation.draws import Draws

_POINTS = 4096


def mixup(asked: Mixup, pictures: tf.Tensor, targets: tf.Tensor, draws: Draws) -> tuple[tf.Tensor, tf.Tensor]:
    """Mix pictures (batch, …) and targets (batch, classes) with those before them; the first with the last."""
    share = beta(asked.alpha, draws.uniform(0))
    own = tf.maximum(share, 1 - share)
    of_pictures = own[:, None, None, None]
    pictures = of_pictures * pictures + (1 - of_pictures) * tf.roll(pictures, 1, axis=0)
    targets = own[:, None] * targets + (1 - own[:, None]) * tf.roll(targets, 1, axis=0)
    return pictures, targets


def beta(alpha: float, uniform: tf.Tensor) -> tf.Tensor:
    """Draws of Beta(alpha, alpha) from uniform ones (n,), by its quantiles with straight lines between."""
    quantiles = tf.constant(_quantiles(alpha), uniform.dtype)
    position = uniform * _POINTS
    below = tf.cast(tf.floor(position), tf.int32)
    beyond = position - tf.cast(below, uniform.dtype)
    return (1 - beyond) * tf.gather(quantiles, below) + beyond * tf.gather(quantiles, below + 1)


@cache
def _quantiles(alpha: float) -> npt.NDArray[np.float64]:
    """At 0, 1 / 4096, …, 1."""
    from scipy.special import betaincinv  # noqa: PLC0415  (it takes memory, and few trainings mix)

    found: npt.NDArray[np.float64] = betaincinv(alpha, alpha, np.linspace(0, 1, _POINTS + 1))
    return found
