"""The OpenAPI document's examples of predictions, in our form and in the protocols that other servers speak, too."""

from typing import Any

from api.http.ids import JOB_ID, MODEL_NAME, Examples
from api.inference.schemas import Instances
from normlab.documents.predictions import Predictions

_PROBABILITIES = [0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.0, 0.02, 0.0, 0.97]

_DIGIT = [[0, 0, 0, 16, 16, 0, 0, 0]] * 8
"""A one, as the dataset ``digits`` has them: 8 by 8 pixels, 0 to 16."""
_FLAT = [value for row in _DIGIT for value in row]

INSTANCES: dict[str, Any] = {"instances": [_DIGIT]}

ROWS: dict[str, Any] = {"instances": [{"petal_length": 1.4, "colour": "red"}]}
"""Of a table, of which the other columns are missing."""

PREDICTIONS: dict[str, Any] = {
    "job": JOB_ID,
    "predictions": [
        {
            "label": 9,
            "class": "Ankle boot",
            "probability": 0.97,
            "probabilities": _PROBABILITIES,
        }
    ],
}

NAMED_PREDICTIONS: dict[str, Any] = {**PREDICTIONS, "model": MODEL_NAME, "version": 1}

INFER_REQUEST: dict[str, Any] = {
    "id": "42",
    "inputs": [{"name": "raw_pixels", "datatype": "UINT8", "shape": [1, 64], "data": _FLAT}],
}
INFER_ANSWER: dict[str, Any] = {
    "model_name": MODEL_NAME,
    "model_version": "1",
    "id": "42",
    "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [1, 10], "data": _PROBABILITIES}],
}
INFERENCE_MODEL: dict[str, Any] = {
    "name": MODEL_NAME,
    "versions": ["1"],
    "platform": "onnxruntime_onnx",
    "inputs": [{"name": "raw_pixels", "datatype": "FP32", "shape": [-1, 28, 28]}],
    "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}],
}

PREDICT_REQUEST: dict[str, Any] = {"signature_name": "serving_default", "instances": [_FLAT]}
PREDICT_ANSWER: dict[str, Any] = {"predictions": [_PROBABILITIES]}
STATUS: dict[str, Any] = {
    "name": MODEL_NAME,
    "ready": True,
    "model_version_status": [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ],
}
SIGNATURE: dict[str, Any] = {
    "model_spec": {"name": MODEL_NAME, "signature_name": "", "version": "1"},
    "metadata": {"signature_def": {"signature_def": {"serving_default": {}}}},
}

EXAMPLES: Examples = {Instances: [INSTANCES, ROWS], Predictions: [PREDICTIONS]}
