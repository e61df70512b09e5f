"""Trained networks -> predictions, by onnxruntime. No TensorFlow in here.

What a user sends becomes a batch of raw pixels (:mod:`.instances`, :mod:`.images`), a loaded model
(:mod:`.sessions`) turns it into probabilities, and :mod:`.predict` says what they mean.
"""

from normlab.serving.images import Invert, image_to_batch
from normlab.serving.instances import parse_instances
from normlab.serving.predict import Prediction, predict
from normlab.serving.sessions import ModelCache, OnnxModel

__all__ = ["Invert", "ModelCache", "OnnxModel", "Prediction", "image_to_batch", "parse_instances", "predict"]
