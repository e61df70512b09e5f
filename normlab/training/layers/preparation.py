"""What a table's rows go through before a network's first layer: see ``normlab/spec/layers/preparation.py``.

Training and inference are the same. The means and deviations are variables that no optimizer trains; the loop sets them
before a run (``normlab/training/preparation.py``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from normlab.spec.columns import ColumnForm
from normlab.spec.layers.preparation import TableInputs
from normlab.training.layers.table_constants import TableConstants


class TablePreparation(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Rows (batch, columns) to (batch, width).

    A number becomes (x - mean) / deviation, and a missing one 0, which is the mean's. A category is compared with each
    value that its column has; of many values, the row of 0 and 1 is multiplied by the column's embedding.
    """

    def __init__(self, *, columns: Sequence[Sequence[Any]], **options: Any) -> None:
        """``columns`` has of each column how many categories it has or None, and whether values are missing."""
        super().__init__(**options)
        self.columns = [ColumnForm(*form) for form in columns]
        self.table = TableInputs.of(self.columns)
        self._constants = TableConstants.of(self.table)

    def build(self, input_shape: Any) -> None:  # noqa: ARG002  (the columns say it)
        """Make means, deviations and embeddings."""
        numbers = (len(self.table.numbers),)
        if self.table.numbers:
            self.mean = self.add_weight(name="mean", shape=numbers, initializer="zeros", trainable=False)
            self.deviation = self.add_weight(
                name="deviation", shape=numbers, initializer="ones", trainable=False
            )
        self.embeddings = {
            item.embedding: self.add_weight(
                name=item.embedding, shape=(item.values, item.width), initializer="zeros"
            )
            for item in self.table.categories
            if item.embedding is not None
        }

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Prepare rows."""
        parts = [*self._numbers(inputs), *self._categories(inputs)]
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)

    def _numbers(self, inputs: tf.Tensor) -> Iterator[tf.Tensor]:
        if not self.table.numbers:
            return
        numbers = tf.gather(inputs, self._constants.numbers, axis=1)
        missing = tf.math.is_nan(numbers)
        # Probes take gradients by all weights: there is none by these.
        mean, deviation = tf.stop_gradient(self.mean.value), tf.stop_gradient(self.deviation.value)
        yield (tf.where(missing, mean, numbers) - mean) / deviation
        if self.table.indicators:
            yield tf.cast(tf.gather(missing, self._constants.indicators, axis=1), inputs.dtype)

    def _categories(self, inputs: tf.Tensor) -> Iterator[tf.Tensor]:
        if not self.table.categories:
            return
        made, dtype = self._constants, inputs.dtype
        given = tf.gather(inputs, made.categories, axis=1)
        known = tf.logical_and(given >= 0, given < tf.constant(made.counts, dtype))  # NaN is neither
        places = tf.where(known, given, tf.constant(made.otherwise, dtype))
        spread = tf.gather(places, made.column_of_value, axis=1)
        values = tf.cast(tf.equal(spread, tf.constant(made.values, dtype)), dtype)
        for item in self.table.categories:
            own = values[:, item.first : item.first + item.values]
            yield own if item.embedding is None else own @ self.embeddings[item.embedding].value

    def get_config(self) -> dict[str, Any]:
        """What it is made with."""
        return {**super().get_config(), "columns": [list(form) for form in self.columns]}
