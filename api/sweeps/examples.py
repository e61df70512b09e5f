"""The OpenAPI document's examples of sweeps: the learning rate of the notebook's baseline."""

from typing import Any

from api.http.ids import JOB_ID, SWEEP_ID, Examples
from normlab.documents.sweeps import SweepDocument, SweepList, SweepSummary, ValidatedSweep

RATE = "/training/optimizer/learning_rate"

FIRST_SWEEP: dict[str, Any] = {
    "name": "how large may the rate be",
    "arms": [
        {
            "name": name,
            "spec": {"architecture": preset, "dataset": "digits", "training": {"epochs": 3}},
        }
        for name, preset in (("baseline", "baseline"), ("batch normalization", "batch_norm"))
    ],
    "space": {"training.optimizer.learning_rate": {"log": [0.001, 1], "per_decade": 1}},
    "seeds": 2,
}
"""Done in seconds, and its dataset needs no download."""

_SENTENCE = (
    "baseline: best at learning_rate 0.1 with a validation accuracy of 96.31 % (95 % interval 95.02 % to 97.60 %, "
    "3 seeds); 1 of the other 3 points cannot be told from it."
)
_SPEC: dict[str, Any] = {
    "architecture": {"preset": "baseline", "layers": [{"type": "flatten"}]},
    "dataset": {"name": "digits", "validation_samples": 288},
    "training": {"optimizer": {"name": "sgd", "learning_rate": 0.001}, "epochs": 3, "batch_size": 32},
}

SUMMARY: dict[str, Any] = {
    "id": SWEEP_ID,
    "name": "how large may the rate be",
    "state": "finished",
    "stop_reason": "all_points_run",
    "created_at": "2026-11-28T09:10:00.120Z",
    "finished_at": "2026-11-28T09:10:52.600Z",
    "metric": "val_accuracy",
    "confidence": 0.95,
    "delta": 0.01,
    "strategy": "grid",
    "space": {RATE: {"log": [0.001, 1.0], "per_decade": 1}},
    "budget": None,
    "seeds": 3,
    "base_seed": 42,
    "seed": 0,
    "widen": 0,
    "fresh": False,
    "arm_names": ["baseline"],
    "sentences": [_SENTENCE],
    "links": {
        "self": f"/sweeps/{SWEEP_ID}",
        "events": f"/sweeps/{SWEEP_ID}/events",
        "cancel": f"/sweeps/{SWEEP_ID}/cancel",
        "charts": {"response_curve": f"/sweeps/{SWEEP_ID}/charts/response_curve"},
    },
}

WHOLE: dict[str, Any] = {
    **SUMMARY,
    "arms": [
        {
            "name": "baseline",
            "spec": _SPEC,
            "arm_digest": f"sha256:{'7c' * 32}",
            "points": [
                {
                    "number": 2,
                    "values": {RATE: 0.1},
                    "epochs": None,
                    "outcome": "complete",
                    "mean": 0.9631,
                    "standard_deviation": 0.0052,
                    "interval": {"low": 0.9502, "high": 0.976},
                    "jobs": [
                        {
                            "job": JOB_ID,
                            "seed": 42,
                            "state": "succeeded",
                            "reused": False,
                            "value": 0.9618,
                            "error": None,
                            "diverged_at": None,
                        }
                    ],
                }
            ],
        }
    ],
    "widened": [],
    "progress": {
        "points": 4,
        "points_planned": 4,
        "jobs": {"succeeded": 12},
        "seconds": 31.6,
        "fraction": 1.0,
    },
    "result": {
        "final": True,
        "arms": {
            "baseline": {
                "best": {
                    "number": 2,
                    "values": {RATE: 0.1},
                    "mean": 0.9631,
                    "standard_deviation": 0.0052,
                    "interval": {"low": 0.9502, "high": 0.976},
                    "like_it": [3],
                    "censored": {},
                    "sentence": _SENTENCE,
                },
                "tolerance": {},
                "diverged": [],
                "expected_best": None,
                "best_so_far": {"points": [0, 1, 2, 3], "best": [0.31, 0.88, 0.9631, 0.9631]},
                "importance": None,
            }
        },
        "ahead": [],
        "sentences": [_SENTENCE],
        "caveats": [
            "The best point is the best of many: its value flatters it, and fresh seeds will show less, on average."
        ],
    },
    "error": None,
}

VALIDATED: dict[str, Any] = {
    "arms": ["baseline", "batch normalization"],
    "points": 4,
    "jobs": 16,
    "first": [{RATE: rate} for rate in (0.001, 0.01, 0.1, 1.0)],
}

EXAMPLES: Examples = {
    SweepList: [{"data": [SUMMARY], "has_more": True, "next": SWEEP_ID}],
    SweepDocument: [WHOLE],
    SweepSummary: [SUMMARY],
    ValidatedSweep: [VALIDATED],
}
