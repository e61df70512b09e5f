"""LiteRT's format (``.tflite``), for phones and small devices."""

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.training.export.check import check
from normlab.training.export.serving_function import TrainedNetwork


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file, and check it in the interpreter that LiteRT's users get by default.

    Its input is of batch 1; ``resize_tensor_input`` takes any other. Raises ``ValueError`` when the interpreter
    gives other probabilities than the network.
    """
    serving = trained.serving
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
