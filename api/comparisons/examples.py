"""The OpenAPI document's examples of comparisons: what batch normalization does to the notebook's baseline."""

from typing import Any

from api.http.ids import COMPARISON_ID, JOB_ID, Examples
from normlab.documents.comparisons import ComparisonDocument, ComparisonSummary, ValidatedComparison
from normlab.documents.side_by_side import ComparisonsOrSideBySide

_TRAINING = {"epochs": 3, "optimizer": {"name": "adam"}}

FIRST_COMPARISON: dict[str, Any] = {
    "name": "first try",
    "arms": [
        {
            "name": name,
            "spec": {"architecture": preset, "dataset": "digits", "training": _TRAINING},
        }
        for name, preset in (("baseline", "baseline"), ("batch normalization", "batch_norm"))
    ],
    "replicates": {"start": 3, "max": 3},
}
"""Done in seconds, and its dataset needs no download."""

_SPEC: dict[str, Any] = {
    "architecture": {"preset": "baseline", "layers": [{"type": "flatten"}]},
    "dataset": {"name": "fashion_mnist", "validation_samples": 5000},
    "training": {"optimizer": {"name": "sgd", "learning_rate": 0.001}, "epochs": 10, "batch_size": 32},
}

_SENTENCE = (
    "batch normalization is better than baseline: its validation accuracy is 2.80 percentage points higher "
    "(95 % interval 2.41 to 3.19; 5 pairs; t test p = 0.00005; 5 pairs are too few for the exact test to decide)."
)


def _basis(supposes: str) -> dict[str, Any]:
    return {"level": 0.95, "together": 0.95, "corrected_for": [], "supposes": supposes}


_VERDICT = {"a": "baseline", "b": "batch normalization", "verdict": "b_better", "sentence": _SENTENCE}

SUMMARY: dict[str, Any] = {
    "id": COMPARISON_ID,
    "name": None,
    "state": "finished",
    "stop_reason": "decided",
    "created_at": "2026-11-22T09:10:00.120Z",
    "finished_at": "2026-11-22T09:11:07.900Z",
    "metric": "val_accuracy",
    "confidence": 0.95,
    "equivalence_margin": 0.005,
    "target_accuracy": 0.8,
    "replicates": {"start": 5, "max": 20, "step": 1},
    "base_seed": 42,
    "fresh": False,
    "arm_names": ["baseline", "batch normalization"],
    "verdicts": [_VERDICT],
    "links": {
        "self": f"/comparisons/{COMPARISON_ID}",
        "events": f"/comparisons/{COMPARISON_ID}/events",
        "cancel": f"/comparisons/{COMPARISON_ID}/cancel",
        "report": f"/comparisons/{COMPARISON_ID}/report",
        "bundle": f"/comparisons/{COMPARISON_ID}/bundle",
        "charts": {"learning_curves": f"/comparisons/{COMPARISON_ID}/charts/learning_curves"},
    },
}

_COMPARISON: dict[str, Any] = {
    "verdict": "b_better",
    "pairs": 5,
    "difference": 0.028,
    "interval": {"low": 0.0241, "high": 0.0319},
    "basis": _basis("pairs that do not depend on each other, and differences that are roughly normal"),
    "bootstrap_interval": None,
    "bootstrap_basis": None,
    "p_value": 0.0625,
    "t_p_value": 0.00005,
    "deciding_test": "t_alone",
    "deciding_p_value": 0.0001,
    "standard_deviation": 0.0032,
    "effect_size": 8.8,
    "wins": {
        "a": 0,
        "b": 5,
        "ties": 0,
        "share_b": 1.0,
        "interval": {"low": 0.478, "high": 1.0},
        "confidence": 0.95,
    },
    "further_pairs": None,
    "confidence": 0.95,
    "equivalence_margin": 0.005,
    "higher_is_better": True,
    "caveats": [],
    "withheld": None,
}

_CURVE: dict[str, Any] = {
    "difference": [0.061, 0.028],
    "band": [{"low": 0.048, "high": 0.074}, {"low": 0.022, "high": 0.034}],
    "critical_value": 4.1,
    "pairs": 5,
    "confidence": 0.95,
    "basis": _basis(
        "pairs that do not depend on each other, and differences that are roughly normal at all epochs together"
    ),
    "reading": "batch normalization ahead from epoch 1 to 2.",
}

_RESULT: dict[str, Any] = {
    "final": True,
    "headline": "baseline and batch normalization were trained on Fashion-MNIST with 5 seeds each and compared by "
    "validation accuracy: batch normalization is better.",
    "setup": {
        "dataset": "Fashion-MNIST",
        "common": {"optimizer": "sgd", "learning rate": "0.001, constant", "seeds": "42 to 46"},
        "by_arm": {
            "normalization": {
                "baseline": "none",
                "batch normalization": "batch_normalization after dense(300)",
            }
        },
    },
    "seeds": [42, 43, 44, 45, 46],
    "arms": {
        "baseline": {
            "values": [0.837, 0.838, 0.835, 0.839, 0.836],
            "mean": 0.837,
            "standard_deviation": 0.0016,
            "interval": {"low": 0.835, "high": 0.839},
            "basis": _basis("runs that do not depend on each other, and values that are roughly normal"),
        }
    },
    "pairs": [
        {
            "a": "baseline",
            "b": "batch normalization",
            "sentence": _SENTENCE,
            "comparison": _COMPARISON,
            "adjusted_p_value": 0.0001,
            "earlier_looks": [],
            "error_share": 1.0,
            "values": [[42, 0.837, 0.866]],
            "curve": _CURVE,
            "cost": {
                "extra_seconds": 2.9,
                "extra_seconds_interval": {"low": 2.7, "high": 3.1},
                "extra_seconds_basis": _basis(
                    "pairs that do not depend on each other, and differences that are roughly normal"
                ),
                "extra_points": 2.8,
                "seconds_per_point": 1.04,
                "interval": {"low": 0.89, "high": 1.21},
                "basis": _basis(
                    "pairs that do not depend on each other, with both differences roughly normal together"
                ),
                "reading": "batch normalization needs 2.9 more seconds of training than baseline: 1.04 seconds for "
                "each percentage point (95 % interval 0.89 to 1.21).",
            },
            "variance": None,
            "test_set": None,
            "mcnemar": [
                [42, {"only_a_right": 310, "only_b_right": 590, "difference": 0.028, "p_value": 1e-20}]
            ],
        }
    ],
    "method": {
        "correction": "none",
        "planned_looks": 16,
        "spending": "pocock",
        "earlier_looks": 0,
        "sentences": ["Each arm was trained with the same number of seeds."],
    },
    "clock": "wall",
    "clocks": {"epoch": 10, "at_epoch": [], "seconds": 7.1, "at_seconds": [], "target": None},
    "costs": {"baseline": {"seconds": 7.1, "accuracy": 0.837}},
    "pareto_front": ["baseline", "batch normalization"],
    "differences": [
        {
            "field": "normalization",
            "values": {"baseline": "none", "batch normalization": "batch_normalization after dense(300)"},
        }
    ],
    "caveats": [],
}

WHOLE: dict[str, Any] = {
    **SUMMARY,
    "arms": [
        {
            "name": "baseline",
            "spec": _SPEC,
            "arm_digest": "sha256:b07a…",
            "base_seed": None,
            "jobs": [
                {
                    "job": JOB_ID,
                    "seed": 42,
                    "state": "succeeded",
                    "reused": True,
                    "value": 0.837,
                    "error": None,
                }
            ],
        }
    ],
    "progress": {
        "pairs": 5,
        "pairs_left_out": 0,
        "pairs_running": 0,
        "pairs_planned": 20,
        "next_look": None,
        "jobs": {"succeeded": 10},
        "fraction": 1.0,
    },
    "result": _RESULT,
    "left_out": [],
    "error": None,
}

LIST: dict[str, Any] = {"data": [SUMMARY], "has_more": True, "next": COMPARISON_ID}

VALIDATED: dict[str, Any] = {
    "arms": [
        {"name": "baseline", "spec": _SPEC, "arm_digest": "sha256:b07a…", "parameters": 266610},
    ],
    "replicates": {"start": 5, "max": 20, "step": 1},
    "jobs": 10,
    "max_jobs": 40,
    "differences": _RESULT["differences"],
}

SIDE_BY_SIDE: dict[str, Any] = {
    "setup": {"dataset": "Fashion-MNIST", "common": {"optimizer": "sgd", "seeds": "42"}, "by_arm": {}},
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
            "kept_val_accuracy": 0.837,
            "kept_epoch": 10,
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
    "statistics": None,
}

EXAMPLES: Examples = {
    ComparisonDocument: [WHOLE],
    ComparisonSummary: [SUMMARY],
    ComparisonsOrSideBySide: [LIST, SIDE_BY_SIDE],
    ValidatedComparison: [VALIDATED],
}
