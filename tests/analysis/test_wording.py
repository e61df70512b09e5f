from dataclasses import replace

import pytest

from normlab.analysis import Interval, Verdict, compare_paired, sentence
from normlab.analysis.planning import FurtherPairs
from normlab.spec.metrics import Metric

FOUND = compare_paired([0.80, 0.81, 0.79, 0.80, 0.81, 0.80], [0.84, 0.85, 0.84, 0.83, 0.85, 0.84])


def test_better() -> None:
    assert sentence(FOUND, "baseline", "batch_norm", Metric.VAL_ACCURACY) == (
        "batch_norm is better than baseline: its validation accuracy is 4.00 percentage points higher "
        "(95 % interval 3.34 to 4.66; 6 pairs; exact test p = 0.0312, the least that 6 pairs can give)."
    )


def test_the_better_arm_is_named_whichever_it_is() -> None:
    turned = replace(FOUND, verdict=Verdict.A_BETTER, difference=-0.04, interval=Interval(-0.05, -0.03))
    assert sentence(turned) == (
        "a is better than b: its value is 0.0400 higher (95 % interval 0.0300 to 0.0500; 6 pairs; exact test "
        "p = 0.0312, the least that 6 pairs can give)."
    )
    assert "0.0400 lower" in sentence(replace(turned, higher_is_better=False))


def test_equivalent() -> None:
    found = replace(
        FOUND, verdict=Verdict.EQUIVALENT, difference=-0.001, interval=Interval(-0.002, 0.0005),
        equivalence_margin=0.005,
    )  # fmt: skip
    assert sentence(found, "x", "y", Metric.TEST_ACCURACY) == (
        "x and y are equivalent within a margin of 0.50 percentage points: y minus x is \N{MINUS SIGN}0.10 in test "
        "accuracy (95 % interval \N{MINUS SIGN}0.20 to 0.05; 6 pairs; the whole interval lies within the margin)."
    )


@pytest.mark.parametrize(
    ("needed", "ending"),
    [
        (None, "exact test p = 0.0312, the least that 6 pairs can give)."),
        (FurtherPairs(1, 1), "A comparison of about 7 pairs would decide this (80 % range)."),
        (
            FurtherPairs(4, None),
            "A comparison of between 10 and more than 1,000 pairs would decide this (80 % range).",
        ),
        (FurtherPairs(40, 900), "between 46 and 906 pairs"),
    ],
)
def test_not_decided(needed: FurtherPairs | None, ending: str) -> None:
    text = sentence(replace(FOUND, verdict=Verdict.INCONCLUSIVE, further_pairs=needed), "x", "y", Metric.LOSS)
    assert text.startswith("Not decided: y minus x is +0.0400 in training loss (95 % interval")
    assert ending in text


def test_one_pair() -> None:
    assert sentence(compare_paired([0.8], [0.9]), "x", "y", Metric.VAL_ACCURACY) == (
        "Not decided: the one pair has a difference of +10.00 percentage points in validation accuracy (y minus x)."
    )


def test_the_same_numbers_give_the_same_sentence() -> None:
    again = compare_paired([0.80, 0.81, 0.79, 0.80, 0.81, 0.80], [0.84, 0.85, 0.84, 0.83, 0.85, 0.84])
    assert sentence(again) == sentence(FOUND)
