"""TensorFlow's own format, for TensorFlow Serving and ``tf.saved_model.load``: a folder, kept as a zip file."""

import tempfile
import zipfile
from pathlib import Path

import tensorflow as tf

from normlab.training.export.serving_function import TrainedNetwork


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the zip file; its content is the SavedModel itself, with the signature ``serving_default``."""
    with tempfile.TemporaryDirectory(prefix="normlab-saved-model-") as made:
        tf.saved_model.save(trained.serving, made, signatures=trained.serving.traced)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in sorted(Path(made).rglob("*")):
                archive.write(file, file.relative_to(made))
