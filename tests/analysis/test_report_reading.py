"""A report read from the top: the verdict comes first, in one orientation, with what is needed to read it."""

from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import compare_runs, html_report, markdown_report
from normlab.analysis.load import Clock
from normlab.analysis.report.blocks import Figure, Heading, Paragraph, Table
from normlab.analysis.report.content import content
from normlab.analysis.verdict import Verdict
from normlab.spec.metrics import Metric

PRESETS = {"baseline": 0.85, "deep_sigmoid": 0.85, "batch_norm": 0.9}


@pytest.fixture(scope="module")
def arms(make_run: Any) -> dict[str, list[Any]]:
    return {
        name: [make_run(name, seed=seed, best=best) for seed in range(5)] for name, best in PRESETS.items()
    }


def two(arms: dict[str, list[Any]], *names: str) -> dict[str, list[Any]]:
    return {name: arms[name] for name in names}


def test_the_verdict_stands_directly_under_the_headline(arms: Any) -> None:
    blocks = content(compare_runs(arms), arms)
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    assert blocks[1] == Heading("Verdict")
    assert headings.index("Verdict") < headings.index("Setup")


def test_what_all_verdicts_share_is_said_once_and_open_ones_look_different(arms: Any) -> None:
    comparison = compare_runs(arms)
    assert all("are too few for the exact test" in pair.sentence for pair in comparison.pairs)
    report = markdown_report(comparison, arms)
    verdicts = report[report.index("## Verdict") : report.index("## What to be careful")]
    assert verdicts.count("are too few for the exact test") == 1
    assert "For all of them: 5 pairs; " in verdicts
    assert "An arm is one setup" in verdicts
    styles = [block.style for block in content(comparison, arms) if isinstance(block, Paragraph)]
    decided = [pair.comparison.verdict.better for pair in comparison.pairs]
    assert styles.count("decided") == sum(decided) > 0
    assert styles.count("undecided") == len(decided) - sum(decided) > 0
    page = html_report(comparison, arms)
    assert '<p class="undecided">Not decided' in page


@pytest.mark.parametrize("metric", [Metric.VAL_ACCURACY, Metric.VAL_LOSS])
@pytest.mark.parametrize("turned", [False, True])
def test_tables_and_alt_texts_tell_a_difference_as_its_verdict_does(
    arms: Any, metric: Metric, turned: bool
) -> None:
    names = ("batch_norm", "baseline") if turned else ("baseline", "batch_norm")
    compared = two(arms, *names)
    compared["batch_norm"] = [
        replace(
            run,
            epochs=tuple(
                point.model_copy(update={"val_loss": 0.1 + 0.001 * run.seed}) for point in run.epochs
            ),
        )
        for run in compared["batch_norm"]
    ]
    comparison = compare_runs(compared, metric=metric)
    (pair,) = comparison.pairs
    assert pair.comparison.verdict is (Verdict.A_BETTER if turned else Verdict.B_BETTER)
    blocks = content(comparison, compared)
    table = next(block for block in blocks if isinstance(block, Table) and "its level" in block.head)
    tests = next(block for block in blocks if isinstance(block, Table) and "t test: p" in block.head)
    (row,), (p_row,) = table.rows, tests.rows
    better_first = metric.higher_is_better
    assert row[0] == ("batch_norm minus baseline" if better_first else "baseline minus batch_norm")
    assert row[1].startswith("+")
    assert f" {row[2]}; " in pair.sentence
    assert f"t test p {'' if '<' in p_row[2] else '= '}{p_row[2]};" in pair.sentence
    assert any(
        row[0] in block.description and row[2] in block.description
        for block in blocks
        if isinstance(block, Figure)
    )


def test_times_that_cannot_be_compared_are_marked_and_parameters_are_said(arms: Any) -> None:
    compared = two(arms, "baseline", "batch_norm")
    slow = tuple(point.model_copy(update={"train_seconds": 9.0}) for point in compared["baseline"][0].epochs)
    compared["baseline"] = [replace(compared["baseline"][0], epochs=slow), *compared["baseline"][1:]]
    comparison = compare_runs(compared, target_accuracy=0.84)
    assert comparison.clock is Clock.NONE
    report = markdown_report(comparison, compared)
    assert "## Where the time went (not for comparing arms)" in report
    assert "At equal training time: not compared, since" in report
    assert "| target | 84 % validation accuracy |" in report
    assert "Parameters: baseline 266,610; batch\\_norm +" in report
    assert (
        "Multiplications for one sample, in matrices and convolutions: baseline 266,200, the others as many"
        in report
    )
    assert "it could not be measured fairly" in report


def test_all_values_name_their_metric_and_those_of_the_test_set_are_there(arms: Any) -> None:
    compared = two(arms, "baseline", "batch_norm")
    values = markdown_report(compare_runs(compared), compared).split("## All values")[1].split("## How it")[0]
    assert "Validation accuracy (compared), by seed and arm:" in values
    assert "Test accuracy of the same networks, by seed and arm:" in values
    for run in (*compared["baseline"], *compared["batch_norm"]):
        assert f"{100 * run.test_accuracy:.2f} %" in values
    by_test = markdown_report(compare_runs(compared, metric=Metric.TEST_ACCURACY), compared)
    assert "Test accuracy (compared)" in by_test
    assert "of the same networks, by" not in by_test


def test_a_band_and_a_test_set_that_say_more_or_less_than_the_verdict_are_explained(make_run: Any) -> None:
    compared = {
        name: [make_run(name, seed=seed, best=0.85, noise=0.02) for seed in range(5)]
        for name in ("baseline", "deep_sigmoid")
    }
    correct = {
        run.job: [index % 10 < (6 if name == "baseline" else 9) for index in range(300)]
        for name, runs in compared.items()
        for run in runs
    }
    comparison = compare_runs(compared, correct=correct)
    assert comparison.pairs[0].comparison.verdict is Verdict.INCONCLUSIVE
    report = markdown_report(comparison, compared)
    assert report.count("by the test accuracy the interval, corrected for nothing, excludes zero") == 1


def test_the_band_is_told_to_be_wider_than_the_interval(arms: Any) -> None:
    compared = two(arms, "baseline", "batch_norm")
    report = markdown_report(compare_runs(compared), compared)
    assert "hold for all epochs at once, so it is wider" in report


def test_what_a_command_leaves_out_is_said_beside_it(arms: Any) -> None:
    comparison = compare_runs(arms)
    assert "has the default of the version under Setup." in markdown_report(comparison, arms)
    assert "every job's whole spec (manifest.json)" in markdown_report(comparison, arms, identifier="cmp_now")
