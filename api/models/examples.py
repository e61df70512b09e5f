"""The OpenAPI document's examples of models by name and of evaluations."""

from typing import Any

from api.http.ids import JOB_ID
from api.jobs.examples import PREDICTIONS

MODEL_NAME = "shoes"

NAMED_PREDICTIONS: dict[str, Any] = {**PREDICTIONS, "model": MODEL_NAME, "version": 1}

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
