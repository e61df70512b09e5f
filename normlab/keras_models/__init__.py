"""Keras models as specs, and specs as Keras models.

A model's configuration is read, and nothing else of it: no code that it holds is run, and Keras is loaded only to make
a model of a spec.
"""

from normlab.keras_models.back import to_keras
from normlab.keras_models.conversion import Conversion, convert, from_keras
from normlab.keras_models.files import ARCHIVE_BEGINS, configuration_of_file
from normlab.keras_models.reading import KerasModel, is_keras_model
from normlab.keras_models.report import KerasRemark

__all__ = [
    "ARCHIVE_BEGINS",
    "Conversion",
    "KerasModel",
    "KerasRemark",
    "configuration_of_file",
    "convert",
    "from_keras",
    "is_keras_model",
    "to_keras",
]
