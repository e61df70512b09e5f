"""LiteRT's format (``.tflite``), for phones and small devices."""

from pathlib import Path

import tensorflow as tf

from normlab.training.export.serving_function import TrainedNetwork


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file. Its input is of batch 1; ``resize_tensor_input`` takes any other."""
    serving = trained.serving
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serving.traced], serving)
    path.write_bytes(converter.convert())
