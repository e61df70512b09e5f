"""Running the jobs of a bundle again: what is compared where numbers are predicted."""

from types import SimpleNamespace
from typing import Any

import pytest

from normlab.cli.reproduction import BundledJob, Reproduced, judge
from normlab.documents.states import JobState


def epoch_of(r2: float, loss: float) -> dict[str, Any]:
    return {
        "loss": loss,
        "accuracy": None,
        "val_loss": loss,
        "val_accuracy": None,
        "r2": r2,
        "val_r2": r2,
    }


def judged(ours: tuple[float, float], theirs: tuple[float, float]) -> Any:
    bundled = BundledJob("a", 1, {}, {"final_weights": "x"}, {}, [epoch_of(*theirs)])
    again: Any = SimpleNamespace(state=JobState.SUCCEEDED, digests=None, environment=None)
    metrics: Any = SimpleNamespace(epochs=[SimpleNamespace(model_dump=lambda: epoch_of(*ours))])
    return judge(bundled, again, metrics)


@pytest.mark.parametrize(
    ("ours", "outcome", "difference"),
    [
        ((0.4001, 0.61), Reproduced.WITHIN_TOLERANCE, 0.0001),
        ((0.2, 0.61), Reproduced.DIFFERENT, 0.2),
        ((-1.6, 2.6), Reproduced.DIFFERENT, 2.0),
    ],
)
def test_r2_stands_for_accuracy(ours: Any, outcome: Reproduced, difference: float) -> None:
    found = judged(ours, (0.4, 0.61))
    assert found.outcome is outcome
    assert found.largest_difference == pytest.approx(difference)
