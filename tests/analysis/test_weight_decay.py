"""Weight decay acts on gamma and beta as well: an arm without normalization has less of it."""

from typing import Any

import pytest

from normlab.analysis.fairness import arm_caveats
from normlab.analysis.records import RunRecord
from normlab.spec import parse_job_spec


def sentences(optimizer: dict[str, Any], *architectures: str) -> list[str]:
    arms = {}
    for name in architectures:
        spec = parse_job_spec({"architecture": name, "training": {"optimizer": optimizer}})
        arms[name] = [RunRecord(job=f"job_{name}", spec=spec.to_document())]
    return [caveat for caveat in arm_caveats(arms) if caveat.startswith("Weight decay")]


@pytest.mark.parametrize(
    ("optimizer", "told"),
    [
        ({"name": "adamw"}, True),
        ({"name": "sgd", "weight_decay": 0.1, "exclude_from_weight_decay": ["bias"]}, True),
        ({"name": "muon"}, True),
        ({"name": "sgd"}, False),
        ({"name": "adamw", "weight_decay": 0.0}, False),
        ({"name": "adamw", "exclude_from_weight_decay": ["bias", "normalization"]}, False),
        ({"name": "muon", "adam_weight_decay": None}, False),
    ],
    ids=str,
)
def test_it_is_told_where_it_acts_on_the_normalization_of_one_arm_alone(
    optimizer: dict[str, Any], told: bool
) -> None:
    said = sentences(optimizer, "baseline", "baseline_with_batch_norm")
    assert bool(said) is told
    for sentence in said:
        assert "2,368 numbers in baseline_with_batch_norm, none in baseline" in sentence
        assert '"exclude_from_weight_decay": ["bias", "normalization"]' in sentence


def test_it_is_not_told_of_arms_of_the_same_normalization() -> None:
    assert sentences({"name": "adamw"}, "baseline", "deep_sigmoid") == []
