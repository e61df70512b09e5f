"""The examples in the OpenAPI document: one job of the notebook's baseline, from all sides."""

from typing import Any

JOB_ID = "job_06m3k2v8q4t1x7zc5w9r0ydbne"

_SPEC: dict[str, Any] = {
    "name": "the notebook's baseline",
    "tags": ["notebook"],
    "architecture": {"preset": "baseline", "layers": [{"type": "flatten"}]},
    "dataset": {"name": "fashion_mnist", "validation_samples": 5000},
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.001},
        "epochs": 10,
        "batch_size": 32,
        "seed": 42,
    },
}

JOB: dict[str, Any] = {
    "id": JOB_ID,
    "name": "the notebook's baseline",
    "tags": ["notebook"],
    "state": "running",
    "created_at": "2026-11-22T09:00:00.120Z",
    "started_at": "2026-11-22T09:00:00.310Z",
    "finished_at": None,
    "spec": _SPEC,
    "spec_digest": "sha256:6f1c…",
    "arm_digest": "sha256:b07a…",
    "attempt": 1,
    "max_attempts": 3,
    "progress": {
        "phase": "training",
        "epoch": 4,
        "epochs": 10,
        "step": 860,
        "steps": 1719,
        "loss": 0.6052,
        "fraction": 0.35,
        "estimated_end_at": "2026-11-22T09:00:09Z",
    },
    "result": None,
    "timings": None,
    "error": None,
    "environment": None,
    "digests": None,
    "history": [
        {"state": "queued", "at": "2026-11-22T09:00:00.120Z", "attempt": 0, "reason": "created"},
        {"state": "running", "at": "2026-11-22T09:00:00.310Z", "attempt": 1, "reason": "claimed"},
    ],
    "links": {
        "self": f"/jobs/{JOB_ID}",
        "metrics": f"/jobs/{JOB_ID}/metrics",
        "events": f"/jobs/{JOB_ID}/events",
        "model": f"/jobs/{JOB_ID}/model",
        "predict": f"/jobs/{JOB_ID}/predict",
        "cancel": f"/jobs/{JOB_ID}/cancel",
    },
}

METRICS: dict[str, Any] = {
    "job": JOB_ID,
    "state": "running",
    "epochs": [
        {
            "epoch": 1,
            "learning_rate": 0.001,
            "loss": 1.2546,
            "accuracy": 0.6281,
            "val_loss": 0.8449,
            "val_accuracy": 0.7282,
            "train_seconds": 0.71,
            "evaluate_seconds": 0.05,
            "compile_seconds": 1.9,
            "elapsed_seconds": 3.2,
            "recorded_at": "2026-11-22T09:00:03.520Z",
        }
    ],
    "totals": {"epochs": 1, "train_seconds": 0.71, "evaluate_seconds": 0.05, "run_seconds": 3.2},
}

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
    "classes": [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
}

INSTANCES: dict[str, Any] = {"instances": [[[0, 0, 13, 73], [0, 0, 141, 88]]]}

PREDICTIONS: dict[str, Any] = {
    "job": JOB_ID,
    "predictions": [
        {
            "label": 9,
            "class": "Ankle boot",
            "probability": 0.97,
            "probabilities": [0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.0, 0.02, 0.0, 0.97],
        }
    ],
}

READY: dict[str, Any] = {"status": "ready", "checks": {"database": "ok", "broker": "ok", "migrations": "ok"}}
