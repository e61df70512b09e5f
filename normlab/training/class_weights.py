"""How much each class counts in the training's loss."""

import numpy as np
import numpy.typing as npt

from normlab.spec.losses import BALANCED, ClassWeight


def class_weights(
    asked: ClassWeight, labels: npt.NDArray[np.integer], classes: int
) -> npt.NDArray[np.float64]:
    """The weight of each class (classes,), for training ``labels`` (n,).

    ``balanced``: n / (classes that are there * samples of the class), as scikit-learn has it, so that the mean weight
    of a sample is 1. As Keras does, the loss of a batch is divided by the number of its samples, not by their weights,
    and a class without a weight counts 1.
    """
    weights = np.ones(classes)
    if asked == BALANCED:
        counts = np.bincount(labels, minlength=classes)
        there = counts > 0
        weights[there] = len(labels) / (there.sum() * counts[there])
    elif isinstance(asked, dict):
        for number, weight in asked.items():
            weights[int(number)] = weight
    return weights
