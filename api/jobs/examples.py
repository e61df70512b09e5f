"""The examples in the OpenAPI document: one job of the notebook's baseline, from all sides."""

from typing import Any

from api.http.ids import JOB_ID

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
    "position": None,
    "waiting_for": None,
    "estimated_start_at": None,
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
    "warnings": [],
    "links": {
        "self": f"/jobs/{JOB_ID}",
        "metrics": f"/jobs/{JOB_ID}/metrics",
        "events": f"/jobs/{JOB_ID}/events",
        "model": f"/jobs/{JOB_ID}/model",
        "predict": f"/jobs/{JOB_ID}/predict",
        "cancel": f"/jobs/{JOB_ID}/cancel",
        "retry": f"/jobs/{JOB_ID}/retry",
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

COMPARISON: dict[str, Any] = {
    "jobs": [
        {
            "id": JOB_ID,
            "name": "the notebook's baseline",
            "seed": 42,
            "epochs": 10,
            "parameters": 266610,
            "multiplications_per_sample": 266200,
            "best_val_accuracy": 0.837,
            "best_epoch": 10,
            "last_val_accuracy": 0.837,
            "last_epoch": 10,
            "test_accuracy": 0.824,
            "seconds_per_epoch": 0.71,
            "compile_seconds": 1.9,
            "train_seconds": 7.1,
            "run_seconds": 11.8,
            "target_accuracy": 0.8,
            "reached_target_at_epoch": 4,
            "seconds_to_target": 2.84,
        }
    ],
    "differences": [{"field": "seed", "values": {JOB_ID: 42}}],
    "caveats": ["All runs have the same spec but for the seed: there is nothing to compare, only a spread."],
}

JOBS: dict[str, Any] = {"data": [JOB], "has_more": True, "next": JOB_ID}

VALIDATED: dict[str, Any] = {
    "spec": _SPEC,
    "spec_digest": "sha256:6f1c…",
    "estimate": {
        "layers": [
            {
                "name": "flatten_1",
                "type": "flatten",
                "output_shape": [784],
                "parameters": 0,
                "trainable_parameters": 0,
                "multiplications_per_sample": 0,
            }
        ],
        "parameters": 266610,
        "trainable_parameters": 266610,
        "multiplications_per_sample": 266200,
        "training_bytes": 221857832,
        "steps_per_epoch": 1719,
    },
}

ARCHITECTURES: dict[str, Any] = {
    "data": [
        {
            "name": "baseline",
            "description": "The notebook's first network: two dense layers, no normalization.",
            "layers": [{"type": "flatten"}, {"type": "dense", "units": 300}],
            "parameters": 266610,
            "trainable_parameters": 266610,
        }
    ]
}

DATASETS: dict[str, Any] = {
    "data": [
        {
            "name": "fashion_mnist",
            "title": "Fashion-MNIST",
            "description": "70,000 grey images of clothes, 28 by 28 pixels, from Zalando's articles.",
            "shape": [28, 28],
            "classes": MODEL["classes"],
            "training_samples": 60000,
            "test_samples": 10000,
            "pixel_max": 255,
            "default_validation_samples": 5000,
        }
    ]
}

INDEX: dict[str, Any] = {"name": "normlab", "version": "0.1.0", "links": {"jobs": "/jobs", "docs": "/docs"}}

ALIVE: dict[str, Any] = {"status": "ok"}

READY: dict[str, Any] = {"status": "ready", "checks": {"database": "ok", "broker": "ok", "migrations": "ok"}}
