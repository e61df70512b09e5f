"""Keras's multi-head attention as a layer with one input, which attends to itself."""

from typing import Any

import keras
import tensorflow as tf


class SelfAttention(keras.layers.MultiHeadAttention):  # type: ignore[misc]  # Keras ships no types
    """Keras's ``MultiHeadAttention`` whose query, key and value are one: (batch, rows, values)."""

    def build(self, query_shape: Any) -> None:
        """Make the four projections."""
        super().build(query_shape, query_shape)

    def call(self, query: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The means that each row makes of all rows."""
        return super().call(query, query, training=training)

    def compute_output_shape(self, query_shape: Any) -> Any:
        """That of the input."""
        return query_shape

    def compute_output_spec(self, query: Any, training: bool | None = None) -> Any:  # noqa: ARG002  (Keras's names)
        """That of the input."""
        return keras.KerasTensor(query.shape, dtype=self.compute_dtype)

    @property
    def seed_generator(self) -> keras.random.SeedGenerator:
        """The stream of its dropout, if it has some: it is set with all others before a run."""
        return self._dropout_layer.seed_generator
