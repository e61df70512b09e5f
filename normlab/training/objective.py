"""What a training makes smaller, beside the plain cross-entropy that every run records."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from normlab.spec.losses import PLAIN, Focal, Loss


@dataclass(frozen=True)
class Objective:
    """The loss of a spec. Targets are labels (batch,) or, where pictures are mixed, shares (batch, classes)."""

    loss: Loss
    classes: int

    @property
    def is_plain(self) -> bool:
        """Whether it is the cross-entropy itself."""
        return self.loss == PLAIN

    def losses(self, targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        """The loss of each sample: (batch,)."""
        shares = self._shares(targets, probabilities)
        smoothing = self.loss.label_smoothing
        if isinstance(self.loss, Focal):
            gamma, alpha = self.loss.gamma, self.loss.alpha
            return keras.losses.categorical_focal_crossentropy(
                shares, probabilities, alpha=alpha, gamma=gamma, label_smoothing=smoothing
            )
        return keras.losses.categorical_crossentropy(shares, probabilities, label_smoothing=smoothing)

    def weights(self, of_classes: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """The weight of each sample (batch,) by those of its classes (classes,)."""
        if len(targets.shape) == 1:
            return tf.gather(of_classes, targets)
        return tf.linalg.matvec(targets, of_classes)

    def _shares(self, targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        if len(targets.shape) > 1:
            return targets
        return tf.one_hot(targets, self.classes, dtype=probabilities.dtype)


def cross_entropies_of(targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Keras's own, which go back from the softmax to its logits: (batch,)."""
    if len(targets.shape) > 1:
        return keras.losses.categorical_crossentropy(targets, probabilities)
    return keras.losses.sparse_categorical_crossentropy(targets, probabilities)
