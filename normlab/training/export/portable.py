"""The same network in operations that most runtimes know and compute rightly.

What Keras makes of some layers is right in TensorFlow and not everywhere else. Such layers are replaced by ones of the
same values and the same formula, written in other operations; what each is for, its docstring says. Where each runtime
stands is in ``docs/serving.md``, measured by ``bench/onnx_runtimes.py``.
"""

from math import prod
from typing import Any

import keras
import tensorflow as tf

from normlab.training.export.plain import plain


def portable(network: keras.Model) -> keras.Model:
    """A copy of the network, its variables' values included."""

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        return _PORTABLE.get(type(layer), type(layer)).from_config(layer.get_config())

    network = plain(network)
    copied = keras.models.clone_model(network, clone_function=copy)
    copied.set_weights(network.get_weights())
    return copied


class _Flatten(keras.layers.Flatten):  # type: ignore[misc]  # Keras ships no types
    """With sizes that are known: Keras asks for the batch's size in a chain of operations that few converters take."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(batch, *shape) to (batch, values)."""
        return keras.ops.reshape(inputs, (-1, prod(inputs.shape[1:])))


class _Reshape(keras.layers.Reshape):  # type: ignore[misc]  # Keras ships no types
    """With sizes that are known, as in ``_Flatten``."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(batch, *shape) to (batch, *target_shape)."""
        return keras.ops.reshape(inputs, (-1, *self.compute_output_shape(inputs.shape)[1:]))


class _Dense(keras.layers.Dense):  # type: ignore[misc]  # Keras ships no types
    """As a product of two matrices: OpenCV refuses what TensorFlow makes of more dimensions."""

    def call(self, inputs: tf.Tensor, training: Any = None) -> tf.Tensor:
        """(batch, *shape, inputs) to (batch, *shape, units)."""
        shape = inputs.shape[1:]
        rows = keras.ops.reshape(inputs, (-1, shape[-1])) if len(shape) > 1 else inputs
        outputs = super().call(rows, training=training)
        return keras.ops.reshape(outputs, (-1, *shape[:-1], self.units)) if len(shape) > 1 else outputs


class _GroupNormalization(keras.layers.GroupNormalization):  # type: ignore[misc]  # Keras ships no types
    """With means over axes 1 and 3 of four: OpenCV computes Keras's, over 1, 2 and 4 of five, wrongly."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalize each sample's groups of channels over all places."""
        *places, channels = inputs.shape[1:]
        size = (self.groups, channels // self.groups)
        grouped = keras.ops.reshape(inputs, (-1, prod(places), *size))
        mean = keras.ops.mean(grouped, axis=(1, 3), keepdims=True)
        variance = keras.ops.mean(keras.ops.square(grouped - mean), axis=(1, 3), keepdims=True)
        factor = 1 / keras.ops.sqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * keras.ops.reshape(self.gamma, size)
        shift = -mean * factor
        if self.center:
            shift = shift + keras.ops.reshape(self.beta, size)
        return keras.ops.reshape(grouped * factor + shift, (-1, *places, channels))


class _Conv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """With padding as an operation of its own where XNNPACK, which LiteRT runs on by default, pads wrongly.

    It does for ``same`` padding where one direction has a kernel of 1 under a stride of 2 or more, and the other
    a kernel of more than 1.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Pad with as many zeros as the last window reaches over the edge, the odd one at the end."""
        if not self._is_padded_wrongly():
            return super().convolution_op(inputs, kernel)
        padding = []
        for size, window, stride in zip(inputs.shape[1:3], self.kernel_size, self.strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + window - size, 0)
            padding.append([total // 2, total - total // 2])
        padded = keras.ops.pad(inputs, [[0, 0], *padding, [0, 0]])
        return keras.ops.conv(padded, kernel, strides=list(self.strides), padding="valid")

    def _is_padded_wrongly(self) -> bool:
        unit_under_stride = any(
            kernel == 1 and stride > 1 for kernel, stride in zip(self.kernel_size, self.strides, strict=True)
        )
        return self.padding == "same" and max(self.kernel_size) > 1 and unit_under_stride


_PORTABLE: dict[type[keras.layers.Layer], type[keras.layers.Layer]] = {
    made.__base__: made for made in (_Flatten, _Reshape, _Dense, _GroupNormalization, _Conv2D)
}
