"""LiteRT's format (``.tflite``), for phones and small devices."""

import warnings
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.training.export.check import check
from normlab.training.export.serving_function import ServingFunction, TrainedNetwork


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file, and check it in the interpreter that LiteRT's users get by default.

    Its input is of batch 1; ``resize_tensor_input`` takes any other. Raises ``ValueError`` when the interpreter
    gives other probabilities than the network.
    """
    serving = trained.serving
    if any(_is_computed_wrongly(layer) for layer in trained.network.layers):
        serving = ServingFunction(_with_explicit_padding(trained.network))
    content = tf.lite.TFLiteConverter.from_concrete_functions([serving.traced], serving).convert()
    check(_Interpreter(content), trained, runtime="LiteRT's default interpreter")
    path.write_bytes(content)


class _Interpreter:
    """A LiteRT file as a function of pixels (batch, *shape)."""

    def __init__(self, content: bytes) -> None:
        with warnings.catch_warnings():
            # LiteRT's own package is not made for every Python that Normlab runs on; this is the same runtime.
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
            interpreter = self._interpreter = tf.lite.Interpreter(model_content=content)
        (asked,), (answered,) = interpreter.get_input_details(), interpreter.get_output_details()
        self._input, self._output = asked["index"], answered["index"]

    def __call__(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        self._interpreter.resize_tensor_input(self._input, pixels.shape)
        self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        probabilities: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return probabilities


def _is_computed_wrongly(layer: keras.layers.Layer) -> bool:
    """Whether XNNPACK, which LiteRT's interpreter runs on by default, pads this layer in the wrong direction.

    It does for ``same`` padding where one direction has a kernel of 1 under a stride of 2 or more, and the other
    a kernel of more than 1.
    """
    if not isinstance(layer, keras.layers.Conv2D) or layer.padding != "same" or max(layer.kernel_size) == 1:
        return False
    return any(
        kernel == 1 and stride > 1 for kernel, stride in zip(layer.kernel_size, layer.strides, strict=True)
    )


class _PaddedConv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras ships no types
    """``same`` padding as an operation of its own, before a ``valid`` convolution: the same arithmetic."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Pad with as many zeros as the last window reaches over the edge, the odd one at the end."""
        padding = []
        for size, window, stride in zip(inputs.shape[1:3], self.kernel_size, self.strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + window - size, 0)
            padding.append([total // 2, total - total // 2])
        padded = keras.ops.pad(inputs, [[0, 0], *padding, [0, 0]])
        return keras.ops.conv(padded, kernel, strides=list(self.strides), padding="valid")


def _with_explicit_padding(network: keras.Model) -> keras.Model:
    """A copy of the network with the same values, in which no layer is computed wrongly."""

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        made = _PaddedConv2D if _is_computed_wrongly(layer) else type(layer)
        return made.from_config(layer.get_config())

    copied = keras.models.clone_model(network, clone_function=copy)
    copied.set_weights(network.get_weights())
    return copied
