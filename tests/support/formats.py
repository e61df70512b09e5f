"""Files of trained networks as functions of raw pixels or rows, each in its own runtime."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import tensorflow as tf

Pixels = npt.NDArray[np.float32]
Model = Callable[[Pixels], npt.NDArray[np.float32]]


def load_keras(path: Path) -> Model:
    network = keras.models.load_model(path)
    return lambda pixels: np.asarray(network(pixels))


def load_onnx(path: Path) -> Model:
    session = onnxruntime.InferenceSession(path)
    return lambda pixels: session.run(None, {session.get_inputs()[0].name: pixels})[0]


def load_saved_model(path: Path) -> Model:
    folder = path.with_suffix("")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    serving = tf.saved_model.load(folder).signatures["serving_default"]
    return lambda pixels: serving(raw_pixels=tf.constant(pixels))["probabilities"].numpy()


def load_litert(path: Path) -> Model:
    # LiteRT's own package cannot be installed on every Python that Normlab runs on; this is the same runtime.
    with pytest.warns(UserWarning, match=r"tf\.lite\.Interpreter is deprecated"):
        interpreter = tf.lite.Interpreter(str(path))
    (asked,), (answered,) = interpreter.get_input_details(), interpreter.get_output_details()

    def call(pixels: Pixels) -> npt.NDArray[np.float32]:
        interpreter.resize_tensor_input(asked["index"], pixels.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(asked["index"], pixels)
        interpreter.invoke()
        found: npt.NDArray[np.float32] = interpreter.get_tensor(answered["index"])
        return found

    return call


LOADERS = {"keras": load_keras, "onnx": load_onnx, "saved_model": load_saved_model, "litert": load_litert}
