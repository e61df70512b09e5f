"""The OpenAPI document's examples of evaluations."""

from typing import Any

from api.http.ids import JOB_ID

REQUEST: dict[str, Any] = {"dataset": "fashion_mnist", "split": "test", "mistakes": 1}

EVALUATION: dict[str, Any] = {
    "job": JOB_ID,
    "dataset": "fashion_mnist",
    "split": "test",
    "samples": 10000,
    "accuracy": 0.8289,
    "macro_f1": 0.8267,
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
