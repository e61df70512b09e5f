"""Schedule-free AdamW with the point before a step remembered as a value.

Keras 3.15 remembers the variable, which TensorFlow has moved on by the time it is read: the gradient is then taken at
the mean itself, and the mean is lost. ``tests/training/test_averages.py`` shows both.
"""

import keras
import tensorflow as tf


class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):  # type: ignore[misc]  # Keras ships no types
    """Defazio and others, "The road less scheduled" (2024), algorithm 1 with Adam's step and equal weights.

    With z the newest point, x the mean of all, y the network's weights, and g the gradient there:
    z' = z - rate * g / (sqrt(v) + epsilon), x' = x + (z' - x) / t, y' = (1 - beta_1) z' + beta_1 x'.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Move a variable, its newest point and its mean of squares."""
        kind, index = variable.dtype, self._get_variable_index(variable)
        newest, squares = self._momentums[index], self._velocities[index]
        step = tf.cast(self.iterations + 1, kind)
        beta_1, beta_2 = tf.constant(self.beta_1, kind), tf.constant(self.beta_2, kind)
        mean = (variable - (1 - beta_1) * newest) / beta_1
        square = squares + (tf.square(gradient) - squares) * (1 - beta_2)
        divisor = tf.sqrt(square / (1 - tf.pow(beta_2, step))) + tf.constant(self.epsilon, kind)
        point = newest - tf.cast(learning_rate, kind) * gradient / divisor
        mean += (point - mean) / step
        self.assign(squares, square)
        self.assign(newest, point)
        self.assign(variable, (1 - beta_1) * point + beta_1 * mean)
