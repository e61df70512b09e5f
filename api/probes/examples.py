"""The examples in the OpenAPI document: what probes saw in ``deep_sigmoid`` on ``digits``."""

from typing import Any

from api.http.ids import COMPARISON_ID, JOB_ID, Examples
from api.probes.registry import probe_document
from normlab.documents.diagnosis import DiagnosisDocument
from normlab.documents.mechanism import MechanismsDocument
from normlab.documents.probes import MeasurementsDocument, ProbeList
from normlab.spec.probes import PROBES

PROBE_LIST: dict[str, Any] = {"data": [probe_document(PROBES["dead"]).model_dump(mode="json")]}

MEASUREMENTS: dict[str, Any] = {
    "job": JOB_ID,
    "state": "running",
    "measurements": [
        {
            "epoch": 1,
            "step": 41,
            "probe": "gradient",
            "layer": "dense_1",
            "statistic": "preactivation_rms",
            "value": 2.1e-7,
        }
    ],
    "has_more": False,
    "next": None,
}

DIAGNOSIS: dict[str, Any] = {
    "job": JOB_ID,
    "state": "succeeded",
    "summary": "1 problem found by 11 questions (7 do not apply to this network).",
    "findings": [
        {
            "code": "vanishing_gradients",
            "severity": "problem",
            "layer": "dense_1",
            "layers": ["dense_1", "dense_2", "dense_3", "dense_4", "dense_5"],
            "first_epoch": 1,
            "last_epoch": 3,
            "numbers": {"first_to_last": 2.46e-6, "factor_per_layer": 0.24, "threshold": 0.001},
            "sentence": "Gradients vanish toward the input: in dense_1 they are 1/406,000 of those in dense_10, a "
            "factor of 0.24 a layer, from epoch 1 on.",
            "remedy": "Batch normalization before each activation, ReLU or its kin instead of a sigmoid with an "
            "initializer that fits it (he_normal), or fewer layers.",
            "source": "Glorot and Bengio (2010)",
        }
    ],
    "looked": [
        {
            "code": "dead_units",
            "question": "Are units dead?",
            "answer": "not_applicable",
            "why": "no layer has ReLU, and the units of other functions cannot die: their slope is 0 nowhere or nearly "
            "so",
        }
    ],
}

_FACTOR = (
    "The gradient's factor from layer to layer toward the input is 0.24 in deep_sigmoid and 1.02 in "
    "deep_sigmoid_with_batch_norm (4.25 times as large, 4.08 to 4.43), from the start on."
)

MECHANISMS: dict[str, Any] = {
    "comparison": COMPARISON_ID,
    "state": "finished",
    "pairs": [
        {
            "a": "deep_sigmoid",
            "b": "deep_sigmoid_with_batch_norm",
            "pairs": 5,
            "confidence": 0.95,
            "paragraph": "10 quantities at 21 layers of deep_sigmoid and deep_sigmoid_with_batch_norm were compared in "
            "5 pairs (150 series; all claims hold together at 95 %). 1 series differs: gradient by depth. First: "
            f"{_FACTOR} All of this goes along with what was changed and with what follows from it; it does not show "
            "which of it makes the difference in the result.",
            "highlights": [_FACTOR],
            "only_in": {"deep_sigmoid": [], "deep_sigmoid_with_batch_norm": ["moving.mean_gap"]},
            "series": [
                {
                    "probe": "gradient",
                    "statistic": "factor_per_layer",
                    "layer": "",
                    "scale": "ratio",
                    "epochs": [0, 1, 1],
                    "steps": [0, 1, None],
                    "mean_a": [0.24, 0.24, 0.24],
                    "mean_b": [1.1, 1.05, 1.02],
                    "difference": [4.58, 4.38, 4.25],
                    "low": [4.4, 4.2, 4.08],
                    "high": [4.77, 4.57, 4.43],
                    "p_value": [1e-9, 1e-9, 1e-9],
                    "told_apart": [True, True, True],
                    "sentence": _FACTOR,
                }
            ],
            "method": "For each quantity, layer and point both arms' values are subtracted seed by seed …",
        }
    ],
    "reason": "",
}

EXAMPLES: Examples = {
    DiagnosisDocument: [DIAGNOSIS],
    MeasurementsDocument: [MEASUREMENTS],
    MechanismsDocument: [MECHANISMS],
    ProbeList: [PROBE_LIST],
}
