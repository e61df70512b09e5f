"""Which classes make a network's layers: Keras's own, or ones of the same arithmetic that an executor runs faster."""

from dataclasses import dataclass

import keras

from normlab.training.compiled.executors import Executor
from normlab.training.layers.batch_normalization import FusedBatchNormalization
from normlab.training.layers.dropout import VectorizedDropout


@dataclass(frozen=True)
class LayerClasses:
    """The classes of those layers for which there is a choice."""

    batch_normalization: type[keras.layers.BatchNormalization] = keras.layers.BatchNormalization
    dropout: type[keras.layers.Dropout] = keras.layers.Dropout


KERAS = LayerClasses()
"""What serves and is exported."""

_TRAINED_WITH = {
    Executor.XLA: LayerClasses(dropout=VectorizedDropout),
    Executor.GRAPH: LayerClasses(batch_normalization=FusedBatchNormalization),
}


def layer_classes(executor: Executor) -> LayerClasses:
    """The classes to train with."""
    return _TRAINED_WITH[executor]
