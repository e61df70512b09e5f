"""Trained networks -> predictions, by onnxruntime. No TensorFlow in here.

What a user sends becomes a batch of raw pixels (:mod:`.instances`, :mod:`.arrays`, :mod:`.images`) or rows of a table
(:mod:`.rows`), a loaded model
(:mod:`.sessions`) turns it into probabilities, and :mod:`.predict` says what they mean.
"""

from normlab.serving.arrays import parse_npy, pixels_of
from normlab.serving.image_files import pixels_in_header
from normlab.serving.images import image_to_batch, seen_by_the_model
from normlab.serving.instances import images_of_lists, parse_instances, read_json
from normlab.serving.predict import Prediction, predict, read_off
from normlab.serving.rows import TableReader, decoded_rows
from normlab.serving.scale import refuse_other_scale
from normlab.serving.sessions import ModelCache, OnnxModel

__all__ = [
    "ModelCache",
    "OnnxModel",
    "Prediction",
    "TableReader",
    "decoded_rows",
    "image_to_batch",
    "images_of_lists",
    "parse_instances",
    "parse_npy",
    "pixels_in_header",
    "pixels_of",
    "predict",
    "read_json",
    "read_off",
    "refuse_other_scale",
    "seen_by_the_model",
]
