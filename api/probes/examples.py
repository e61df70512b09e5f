"""The examples in the OpenAPI document: what probes saw in ``deep_sigmoid`` on ``digits``."""

from typing import Any

from api.http.ids import JOB_ID, Examples
from api.probes.registry import probe_document
from normlab.documents.diagnosis import DiagnosisDocument
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

EXAMPLES: Examples = {
    DiagnosisDocument: [DIAGNOSIS],
    MeasurementsDocument: [MEASUREMENTS],
    ProbeList: [PROBE_LIST],
}
