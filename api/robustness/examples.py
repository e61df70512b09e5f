"""The OpenAPI document's examples of networks on corrupted pictures."""

from typing import Any

from api.http.ids import COMPARISON_ID, JOB_ID, Examples
from normlab.documents.robustness import (
    ComparisonRobustnessDocument,
    PendingRobustness,
    RobustnessDocument,
)
from normlab.spec.robustness import RobustnessRequest

_PICTURES: dict[str, Any] = {
    "dataset": "fashion_mnist",
    "dataset_version": None,
    "test_samples": 10000,
    "samples": 10000,
    "seed": 0,
    "severities": [3],
    "corruptions": [
        {
            "corruption": "gaussian_noise",
            "family": "noise",
            "meaning": "A normal number of its own is added to each value, as a warm sensor does.",
            "unit": "standard deviation, a share of the range",
            "parameters": {"3": 0.12},
        }
    ],
}


def _interval(low: float, high: float) -> dict[str, float]:
    return {"low": low, "high": high}


_CORRUPTED: dict[str, Any] = {
    "accuracy": 0.62,
    "interval": _interval(0.6105, 0.6295),
    "drop": 0.22,
    "drop_interval": _interval(0.2116, 0.2284),
    "relative": 0.7381,
    "relative_interval": _interval(0.7285, 0.7477),
}
_FIGURES: dict[str, Any] = {
    "clean": {"accuracy": 0.84, "interval": _interval(0.8327, 0.847)},
    "mean": _CORRUPTED,
    "corruptions": [
        {
            "corruption": "gaussian_noise",
            "mean": _CORRUPTED,
            "severities": [{"severity": 3, **_CORRUPTED}],
        }
    ],
}

ROBUSTNESS: dict[str, Any] = {
    "job": JOB_ID,
    "pictures": _PICTURES,
    "confidence": 0.95,
    "trained": _FIGURES,
    "re_estimated": _FIGURES,
    "re_estimation": {
        "applicable": True,
        "reason": "",
        "layers": ["batch_normalization_1"],
        "samples": 10000,
    },
    "sentence": "Accuracy falls from 84.00 % to 62.00 % on average over 1 corruption at 1 severity, …",
    "remarks": ["The intervals are over pictures: …"],
}

_ESTIMATE: dict[str, Any] = {
    "difference": -0.11,
    "interval": _interval(-0.13, -0.09),
    "p_value": 0.0002,
    "adjusted_p_value": 0.0002,
}
_BOTH: dict[str, Any] = {"absolute": _ESTIMATE, "relative": _ESTIMATE}
_ARM: dict[str, Any] = {
    "seeds": 5,
    "jobs": [JOB_ID],
    "trained": _FIGURES,
    "re_estimated": None,
    "re_estimation": {
        "applicable": False,
        "reason": "Nothing to re-estimate: …",
        "layers": [],
        "samples": None,
    },
}

OF_ARMS: dict[str, Any] = {
    "comparison": COMPARISON_ID,
    "pictures": _PICTURES,
    "confidence": 0.95,
    "arms": [{"arm": "baseline", **_ARM}, {"arm": "baseline_with_batch_norm", **_ARM}],
    "differences": [
        {
            "a": "baseline",
            "b": "baseline_with_batch_norm",
            "statistics": "trained",
            "pairs": 5,
            "clean": _ESTIMATE,
            "mean": _BOTH,
            "corruptions": [
                {
                    "corruption": "gaussian_noise",
                    "mean": _BOTH,
                    "severities": [{"severity": 3, **_BOTH}],
                }
            ],
            "sentence": "baseline keeps more of its clean accuracy than baseline_with_batch_norm …",
        }
    ],
    "multiplicity": ["The p values of the means over all corruptions are corrected by Holm's procedure …"],
    "left_out": {},
    "remarks": ["Differences are paired by seed and by picture. …"],
}

PENDING: dict[str, Any] = {
    "jobs": [JOB_ID],
    "detail": "a worker tries 1 network on corrupted pictures: ask again in some seconds",
}

EXAMPLES: Examples = {
    ComparisonRobustnessDocument: [OF_ARMS],
    PendingRobustness: [PENDING],
    RobustnessDocument: [ROBUSTNESS],
    RobustnessRequest: [{"corruptions": ["gaussian_noise", "blur"], "severities": [1, 3, 5], "seed": 0}],
}
