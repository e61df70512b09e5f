"""The examples in the OpenAPI document: one job of the notebook's baseline, from all sides."""

from typing import Any

from api.http.ids import JOB_ID, Examples
from normlab.documents.jobs import JobDocument, JobList, ValidatedJob
from normlab.documents.metrics import MetricsDocument

FIRST_JOB: dict[str, Any] = {
    "name": "first try",
    "architecture": "baseline",
    "dataset": "digits",
    "training": {"epochs": 3, "optimizer": {"name": "adam"}},
}
"""Trained in a second, and its dataset needs no download: the other calls can be tried with it."""

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
        "probes": f"/jobs/{JOB_ID}/probes",
        "diagnosis": f"/jobs/{JOB_ID}/diagnosis",
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
    "kept_epoch": None,
    "warnings": [],
    "epochs": [
        {
            "epoch": 1,
            "learning_rate": 0.001,
            "loss": 1.2546,
            "accuracy": 0.6281,
            "val_loss": 0.8449,
            "val_accuracy": 0.7282,
            "cross_entropy": 1.2546,
            "val_cross_entropy": 0.8449,
            "val_balanced_accuracy": 0.7275,
            "val_macro_f1": 0.7198,
            "train_seconds": 0.71,
            "evaluate_seconds": 0.05,
            "compile_seconds": 1.9,
            "elapsed_seconds": 3.2,
            "recorded_at": "2026-11-22T09:00:03.520Z",
        }
    ],
    "totals": {"epochs": 1, "train_seconds": 0.71, "evaluate_seconds": 0.05, "run_seconds": 3.2},
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
                "inputs": ["input"],
                "output_shape": [784],
                "parameters": 0,
                "trainable_parameters": 0,
                "multiplications_per_sample": 0,
            }
        ],
        "parameters": 266610,
        "trainable_parameters": 266610,
        "multiplications_per_sample": 266200,
        "training_bytes": 69337080,
        "steps_per_epoch": 1719,
    },
    "warnings": [],
}

EXAMPLES: Examples = {
    JobDocument: [JOB],
    JobList: [JOBS],
    MetricsDocument: [METRICS],
    ValidatedJob: [VALIDATED],
}
