"""What a request says, however a spec is given: as it is, by a preset's name, or as a Keras model."""

import warnings
from collections.abc import Mapping
from typing import Any

from normlab.keras_models import KerasModel, KerasRemark, convert, is_keras_model
from normlab.spec import Datasets, JobSpec

Spec = JobSpec | Mapping[str, Any] | str | KerasModel
"""A job spec; a preset's name; a Keras model or its configuration. A spec's ``architecture`` may be one, too."""


def spec_document(
    spec: Spec | None, fields: Mapping[str, Any], datasets: Datasets | None = None
) -> dict[str, Any]:
    """A job spec as JSON, with ``fields`` over it. ``datasets`` knows what is in those that a Keras model is to learn.

    Raises ``KerasModelError`` for a Keras model that cannot be had, and warns with ``KerasRemark``.
    """
    if isinstance(spec, JobSpec):
        return {**spec.to_document(), **fields}
    if is_keras_model(spec):
        return _of_keras(spec, fields, datasets)
    if isinstance(spec, str):
        return {"architecture": spec, **fields}
    body = {**(spec if isinstance(spec, Mapping) else {}), **fields}
    if is_keras_model(body.get("architecture")):
        return _of_keras(body.pop("architecture"), body, datasets)
    return body


def _of_keras(model: object, fields: Mapping[str, Any], datasets: Datasets | None) -> dict[str, Any]:
    converted = convert(model, fields, datasets)
    for remark in converted.remarks:
        warnings.warn(remark, KerasRemark, stacklevel=4)
    return converted.body
