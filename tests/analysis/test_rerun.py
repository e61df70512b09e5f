"""A report's request and command ask for the same comparison."""

import shlex
from typing import Any

import pytest
import typer

from normlab.analysis import compare_runs
from normlab.analysis.report.rerun import DEFAULTS, command, request, request_of
from normlab.cli.commands.compare import compare
from normlab.comparisons.parse import parse_comparison
from normlab.comparisons.request import ComparisonRequest
from normlab.spec import PRESETS, parse_job_spec
from normlab.spec.shortest import shortest_spec

OWN = {
    "layers": [
        {"type": "flatten"},
        {"type": "dense", "units": 20},
        {"type": "activation", "activation": "leaky_relu", "negative_slope": 0.1},
        {"type": "layer_normalization"},
        {"type": "dropout", "rate": 0.2},
    ]
}
SPECS: list[dict[str, Any]] = [
    *({"architecture": preset} for preset in PRESETS),
    {"architecture": OWN, "dataset": "digits"},
    {
        "architecture": OWN,
        "dataset": {"name": "digits", "validation_samples": 0},
        "training": {
            "optimizer": {"name": "adam", "learning_rate": 0.01},
            "learning_rate_schedule": {"name": "cosine", "warmup_epochs": 1},
            "precision": "mixed_bfloat16",
        },
        "resources": {"device": "cpu"},
    },
]


@pytest.mark.parametrize("body", SPECS)
def test_the_shortest_spec_is_the_same_arm(body: dict[str, Any]) -> None:
    spec = parse_job_spec({**body, "name": "a name", "tags": ["a"], "priority": 3})
    short = shortest_spec(spec.to_document())
    assert parse_job_spec(short).arm_digest == spec.arm_digest
    assert parse_job_spec(short).resources == spec.resources
    assert short == body
    assert shortest_spec({"architecture": "of another version"}) == {"architecture": "of another version"}


def test_the_request_of_runs_asks_for_the_same_arms_seeds_and_question(make_run: Any) -> None:
    arms = {
        name: [make_run(name, seed=seed) for seed in (7, 8, 9)]
        for name in ("baseline", "deep_sigmoid_with_batch_norm")
    }
    comparison = compare_runs(arms, target_accuracy=0.8, confidence=0.9, equivalence_margin=0.01)
    body = request_of(comparison, arms)
    asked, specs = parse_comparison(body)
    assert [spec.arm_digest for spec in specs] == [
        parse_job_spec(dict(runs[0].spec)).arm_digest for runs in arms.values()
    ]
    assert (asked.base_seed, asked.replicates.start, asked.replicates.max) == (7, 3, 3)
    assert (asked.confidence, asked.equivalence_margin, asked.target_accuracy) == (0.9, 0.01, 0.8)
    gap = {name: [runs[0], runs[2]] for name, runs in arms.items()}
    assert request_of(compare_runs(gap), gap) is None


def test_what_a_request_leaves_out_is_what_a_request_has_anyway() -> None:
    fields = ComparisonRequest.model_fields
    assert {field: fields[field].default for field in DEFAULTS} == DEFAULTS


def test_the_command_is_one_that_the_shell_takes() -> None:
    specs = {name: {"architecture": name, "dataset": "digits", "training": {"epochs": 3}} for name in PRESETS}
    body = request(
        specs, {}, replicates={"start": 5, "max": 9, "step": 1}, metric="test_accuracy", base_seed=7
    )
    shell = shlex.split(command(body) or "")
    assert shell[:2] == ["normlab", "compare"]
    app = typer.Typer()
    app.command()(compare)
    read = typer.main.get_command(app).make_context("compare", shell[2:]).params
    assert read["what"] == list(PRESETS)
    assert {name: read[name] for name in ("replicates", "up_to", "metric", "dataset", "epochs", "seed")} == {
        "replicates": 5,
        "up_to": 9,
        "metric": "test_accuracy",
        "dataset": "digits",
        "epochs": 3,
        "seed": 7,
    }


def test_what_a_command_cannot_say_has_none() -> None:
    plain = {"architecture": "baseline"}
    for specs, base_seeds, replicates in (
        ({"a": plain, "baseline": plain}, {}, 3),
        ({"baseline": plain, "deep_sigmoid": {"architecture": OWN}}, {}, 3),
        ({"baseline": plain, "batch_norm": {"architecture": "batch_norm", "dataset": "digits"}}, {}, 3),
        ({"baseline": plain, "batch_norm": {"architecture": "batch_norm"}}, {"batch_norm": 99}, 3),
        (
            {"baseline": plain, "batch_norm": {"architecture": "batch_norm"}},
            {},
            {"start": 3, "max": 9, "step": 2},
        ),
    ):
        assert command(request(specs, base_seeds, replicates=replicates)) is None
