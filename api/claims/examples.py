"""The OpenAPI document's examples of claims and trials."""

from typing import Any

from api.http.ids import JOB_ID, TRIAL_ID, Examples
from normlab.documents.claims import ClaimList, TrialDocument, TrialList, ValidatedTrial

FIRST_TRIAL: dict[str, Any] = {
    "arms": [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": {"epochs": 5}}}
        for name in ("baseline", "baseline_with_batch_norm")
    ],
    "claims": ["faster", "covariate_shift"],
    "seeds": 3,
}
"""Done in seconds, and its dataset needs no download."""

_CLAIM: dict[str, Any] = {
    "name": "faster",
    "sentence": "trains faster",
    "definition": "Time to 90 % of the better arm's final validation accuracy.",
    "source": "Ioffe and Szegedy (2015), arXiv 1502.03167, section 4.2",
    "runs": "Both arms as they are, with common seeds.",
    "cost": "None beyond the comparison.",
    "needs": ["comparison"],
    "definitions": [{"name": "epochs", "words": "it takes fewer epochs"}],
    "settings": [],
    "probes": [],
}

_SUMMARY: dict[str, Any] = {
    "id": TRIAL_ID,
    "name": None,
    "state": "finished",
    "stop_reason": "all_pairs_run",
    "created_at": "2026-11-28T09:10:00.120Z",
    "finished_at": "2026-11-28T09:11:07.900Z",
    "arm_names": ["baseline", "baseline_with_batch_norm"],
    "claims": ["faster"],
    "answers": {"faster": "holds"},
    "confidence": 0.95,
    "target_accuracy": None,
    "base_seed": 42,
    "seeds": 5,
    "budget": None,
    "fresh": False,
    "links": {
        "self": f"/claims/{TRIAL_ID}",
        "events": f"/claims/{TRIAL_ID}/events",
        "cancel": f"/claims/{TRIAL_ID}/cancel",
        "report": f"/claims/{TRIAL_ID}/report",
    },
}

_SENTENCE = (
    "the number of epochs to 90 % of the better arm's final validation accuracy is 5 in baseline and 1.4 in "
    "baseline_with_batch_norm (0.28 times as much, 0.22 to 0.36), so it takes fewer epochs"
)

_WHOLE: dict[str, Any] = {
    **_SUMMARY,
    "arms": [
        {
            "name": name,
            "spec": {"architecture": {"preset": name}},
            "arm_digest": "sha256:b07a…",
            "base_seed": None,
        }
        for name in ("baseline", "baseline_with_batch_norm")
    ],
    "jobs": [
        {
            "job": JOB_ID,
            "arm": "baseline",
            "setting": None,
            "seed": 42,
            "state": "succeeded",
            "reused": True,
            "error": None,
        }
    ],
    "progress": {"seeds": 5, "jobs": {"succeeded": 10}, "fraction": 1.0, "asking": ""},
    "pairs": 5,
    "outcomes": [
        {
            "claim": "faster",
            "answer": "holds",
            "sentence": f"That baseline_with_batch_norm trains faster holds: {_SENTENCE}.",
            "parts": [
                {
                    "definition": "epochs",
                    "answer": "shown",
                    "sentence": _SENTENCE,
                    "pairs": 5,
                    "a": 5.0,
                    "b": 1.4,
                    "scale": "ratio",
                    "estimate": 0.28,
                    "interval": {"low": 0.22, "high": 0.36},
                    "level": 0.95,
                    "margin": 1.1,
                    "p_value": 0.0001,
                    "adjusted_p_value": 0.0003,
                    "smallest_shown": 1.4,
                    "notes": [],
                    "values": [[5.0, 1.4], [4.8, 1.3], [5.2, 1.5], [5.1, 1.5], [4.9, 1.3]],
                }
            ],
        }
    ],
    "caveats": [],
    "left_out": [],
    "error": None,
}

EXAMPLES: Examples = {
    ClaimList: [{"data": [_CLAIM]}],
    TrialDocument: [_WHOLE],
    TrialList: [{"data": [_SUMMARY], "has_more": False, "next": None}],
    ValidatedTrial: [{"claims": ["faster"], "seeds": 5, "jobs_of_a_seed": 2, "jobs": 10}],
}
