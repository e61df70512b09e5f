"""The OpenAPI document's examples of trained networks, their names and their evaluations."""

from typing import Any

from api.http.ids import JOB_ID, MODEL_NAME, Examples
from api.models.schemas import EvaluationRequest, ModelReference, Rollback
from normlab.documents.evaluations import (
    EvaluationDocument,
    NumberEvaluation,
    PendingEvaluation,
)
from normlab.documents.named_models import NamedModelDocument, NamedModelList
from normlab.documents.trained_models import ModelDocument, PendingFormat
from normlab.spec import DATASETS, DatasetName

_CLOTHES = DATASETS[DatasetName.FASHION_MNIST]

MODEL_REFERENCE: dict[str, Any] = {"job": JOB_ID}

ROLLBACK: dict[str, Any] = {"version": 1}

NAMED_MODEL: dict[str, Any] = {
    "name": MODEL_NAME,
    "version": 1,
    "job": JOB_ID,
    "created_at": "2026-11-22T09:10:00.120Z",
    "updated_at": "2026-11-22T09:10:00.120Z",
    "versions": [{"version": 1, "job": JOB_ID, "created_at": "2026-11-22T09:10:00.120Z"}],
    "history": [{"number": 1, "change": "pointed", "version": 1, "at": "2026-11-22T09:10:00.120Z"}],
    "links": {
        "self": f"/models/{MODEL_NAME}",
        "job": f"/jobs/{JOB_ID}",
        "predict": f"/models/{MODEL_NAME}/predict",
        "open_inference": f"/v2/models/{MODEL_NAME}",
        "tensorflow_serving": f"/v1/models/{MODEL_NAME}",
    },
}

NAMED_MODELS: dict[str, Any] = {"data": [NAMED_MODEL], "has_more": False, "next": None}

MODEL: dict[str, Any] = {
    "job": JOB_ID,
    "formats": [
        {
            "format": "onnx",
            "media_type": "application/octet-stream",
            "bytes": 1067913,
            "sha256": "9b1f…",
            "url": f"/jobs/{JOB_ID}/model/onnx",
        }
    ],
    "layers": [
        {
            "name": "batch_normalization_1",
            "type": "batch_normalization",
            "output_shape": [784],
            "parameters": 3136,
            "variables": [
                {"name": "gamma", "shape": [784], "trainable": True, "dtype": "float32"},
                {"name": "beta", "shape": [784], "trainable": True, "dtype": "float32"},
                {"name": "moving_mean", "shape": [784], "trainable": False, "dtype": "float32"},
                {"name": "moving_variance", "shape": [784], "trainable": False, "dtype": "float32"},
            ],
        }
    ],
    "parameters": 271346,
    "trainable_parameters": 268978,
    "input": {"shape": [28, 28], "dtype": "float32", "pixel_max": 255},
    "classes": list(_CLOTHES.classes),
}

EVALUATION_REQUEST: dict[str, Any] = {"split": "test", "mistakes": 1}

EVALUATION: dict[str, Any] = {
    "job": JOB_ID,
    "dataset": "fashion_mnist",
    "dataset_version": None,
    "trained_on": "fashion_mnist",
    "remarks": [],
    "split": "test",
    "samples": 10000,
    "accuracy": 0.8289,
    "balanced_accuracy": 0.8289,
    "macro_f1": 0.8267,
    "cross_entropy": 0.4873,
    "brier_score": 0.2442,
    "calibration": {
        "expected_calibration_error": 0.0131,
        "adaptive_calibration_error": 0.0127,
        "error_by_chance": 0.0071,
        "confidence": 0.8163,
        "bins": [{"low": 0.933, "high": 1.0, "samples": 4012, "confidence": 0.978, "accuracy": 0.982}],
    },
    "classes": [
        {
            "label": 9,
            "class": "Ankle boot",
            "precision": 0.93,
            "recall": 0.94,
            "f1": 0.935,
            "support": 1000,
        }
    ],
    "confusion_matrix": [[940, 60], [25, 975]],
    "mistakes": [
        {
            "sample": 4173,
            "label": 7,
            "class": "Sneaker",
            "predicted": {"label": 9, "class": "Ankle boot", "probability": 0.998},
            "probabilities": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.002, 0.0, 0.998],
            "image": "data:image/png;base64,iVBORw0KGgo…",
        }
    ],
}

PENDING_FORMAT = {
    "job": JOB_ID,
    "format": "saved_model",
    "detail": "a worker makes the saved_model file when it is first asked for: ask again in some seconds",
}

PENDING_EVALUATION = {
    "job": JOB_ID,
    "dataset": "mnist",
    "dataset_version": None,
    "detail": "a worker evaluates on mnist when it is first asked for: ask again in some seconds",
}

NUMBER_EVALUATION: dict[str, Any] = {
    "job": JOB_ID,
    "dataset": "patients",
    "dataset_version": 1,
    "target": "progression",
    "split": "test",
    "samples": 102,
    "mse": 2994.1,
    "rmse": 54.72,
    "mae": 44.03,
    "r2": 0.4821,
    "residuals": {
        "mean": -1.2,
        "standard_deviation": 54.7,
        "quantiles": {"0.05": -88.1, "0.5": -3.4, "0.95": 91.6},
    },
    "worst": [
        {
            "sample": 17,
            "target": 310.0,
            "prediction": 161.3,
            "residual": 148.7,
            "row": {"age": 61.0, "bmi": 33.1, "sex": "female"},
        }
    ],
}

EXAMPLES: Examples = {
    EvaluationDocument: [EVALUATION],
    NumberEvaluation: [NUMBER_EVALUATION],
    PendingEvaluation: [PENDING_EVALUATION],
    EvaluationRequest: [EVALUATION_REQUEST],
    ModelDocument: [MODEL],
    PendingFormat: [PENDING_FORMAT],
    ModelReference: [MODEL_REFERENCE],
    NamedModelDocument: [NAMED_MODEL],
    NamedModelList: [NAMED_MODELS],
    Rollback: [ROLLBACK],
}
