"""What a training makes smaller, beside the plain loss that every run records."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from normlab.spec.columns import Task
from normlab.spec.losses import DEFAULT_LOSSES, Focal, Huber, Loss, MeanAbsoluteError, MeanSquaredError


@dataclass(frozen=True)
class Objective:
    """The loss of a spec. Targets are labels (batch,) or, where pictures are mixed, shares (batch, classes); of numbers
    they are standardized (batch,), and the network's outputs (batch, 1)."""

    loss: Loss
    units: int
    """Of the output layer: one for each class, or one for a number."""

    @property
    def is_plain(self) -> bool:
        """Whether it is the cross-entropy or the squared error itself."""
        return self.loss == DEFAULT_LOSSES[self.loss.task]

    def plain_losses(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """What each sample adds to the cross-entropy, or to the squared error: (batch,)."""
        if self.loss.task is Task.REGRESSION:
            return keras.losses.mean_squared_error(targets[:, None], outputs)
        return cross_entropies_of(targets, outputs)

    def losses(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """The loss of each sample: (batch,)."""
        loss = self.loss
        match loss:
            case MeanSquaredError():
                return keras.losses.mean_squared_error(targets[:, None], outputs)
            case MeanAbsoluteError():
                return keras.losses.mean_absolute_error(targets[:, None], outputs)
            case Huber(delta=delta):
                return keras.losses.huber(targets[:, None], outputs, delta=delta)
        shares, smoothing = self._shares(targets, outputs), loss.label_smoothing
        if isinstance(loss, Focal):
            return keras.losses.categorical_focal_crossentropy(
                shares, outputs, alpha=loss.alpha, gamma=loss.gamma, label_smoothing=smoothing
            )
        return keras.losses.categorical_crossentropy(shares, outputs, label_smoothing=smoothing)

    def weights(self, of_classes: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """The weight of each sample (batch,) by those of its classes (classes,)."""
        if len(targets.shape) == 1:
            return tf.gather(of_classes, targets)
        return tf.linalg.matvec(targets, of_classes)

    def _shares(self, targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        if len(targets.shape) > 1:
            return targets
        return tf.one_hot(targets, self.units, dtype=probabilities.dtype)


def losses_before_softmax(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The cross-entropies of labels (n,) int32 and logits (n, classes), or the squared errors of standardized numbers
    (n,) float and what the network says of them (n, 1): (n,)."""
    if targets.dtype.is_floating:
        return tf.square(targets - logits[:, 0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)


def cross_entropies_of(targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Keras's own, which go back from the softmax to its logits: (batch,)."""
    if len(targets.shape) > 1:
        return keras.losses.categorical_crossentropy(targets, probabilities)
    return keras.losses.sparse_categorical_crossentropy(targets, probabilities)
