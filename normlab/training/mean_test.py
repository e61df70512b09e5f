"""Whether a network that predicts numbers is better than always answering the mean of its training targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from normlab.spec.runs import GUESS_LEVEL
from normlab.training.evaluations import Evaluation, NumberEvaluation
from normlab.training.targets import TargetScale


@dataclass(frozen=True)
class MeanTest:
    """A mean squared error beside that of always answering the training mean."""

    samples: int
    mse: float
    mean: float
    """Of the training targets."""
    mean_mse: float
    """The mean squared error of always answering it."""
    p_value: float
    """Of the one-sided paired t test by sample: how probable so much less squared error or less is, if neither were
    better on average (Diebold and Mariano, "Comparing predictive accuracy", 1995, of independent samples)."""

    @property
    def is_a_guess(self) -> bool:
        """Whether the errors cannot be told from those of the mean."""
        return not self.p_value <= GUESS_LEVEL


def beside_mean(
    evaluations: Mapping[str, Evaluation | None], scale: TargetScale | None
) -> dict[str, MeanTest]:
    """The test of each part that there is, where numbers are predicted."""
    return {
        part: mean_test(evaluation, scale.mean)
        for part, evaluation in evaluations.items()
        if scale is not None and isinstance(evaluation, NumberEvaluation)
    }


def mean_test(evaluation: NumberEvaluation, mean: float) -> MeanTest:
    """Compare predictions with the constant ``mean``."""
    from scipy.special import stdtr  # noqa: PLC0415 - it takes time, and few jobs are asked

    of_mean = np.square(evaluation.targets - mean)
    gains = of_mean - np.square(evaluation.targets - evaluation.predictions)
    samples, gain = len(gains), float(gains.mean())
    error = float(gains.std(ddof=1)) / sqrt(samples) if samples > 1 else 0.0
    certain = 0.0 if gain > 0 and samples > 1 else 1.0
    p_value = certain if error == 0 else float(stdtr(samples - 1, -gain / error))
    return MeanTest(samples, evaluation.figures.mse, mean, float(of_mean.mean()), p_value)
