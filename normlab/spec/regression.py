"""How far predicted numbers are from the right ones: mean squared and absolute errors, and R².

R², the coefficient of determination, is 1 less the sum of the squared errors divided by the sum of the squared
differences of the targets from their own mean: of the part that is evaluated, not of the training rows, so that 0 is
what the best constant for these very samples would have (scikit-learn's ``r2_score``; Kvålseth, "Cautionary note about
R²", The American Statistician 39, 1985, formula 1). It is below 0 where that constant is better.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from normlab.spec.epochs import FIGURES


def variance(targets: npt.NDArray[np.float64]) -> float:
    """The mean squared difference of targets (n,) from their mean; 0 where all are equal, whose mean may be another
    number by a last digit."""
    return 0.0 if targets.min() == targets.max() else float(targets.var())


@dataclass(frozen=True)
class RegressionFigures:
    """Of some samples, in the target's own unit."""

    mse: float
    mae: float
    variance: float
    """Of the targets: the mean of their squared differences from their mean."""

    @classmethod
    def of(cls, targets: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> Self:
        """Of targets and predictions, both (n,), n at least 1; summed in float64."""
        exact = targets.astype(np.float64)
        errors = exact - predicted
        return cls(float(np.square(errors).mean()), float(np.abs(errors).mean()), variance(exact))

    @property
    def rmse(self) -> float:
        """The root of the mean squared error."""
        return math.sqrt(self.mse)

    @property
    def r2(self) -> float | None:
        """R²; None where all targets are equal, which leaves nothing to explain."""
        return None if self.variance == 0 else 1 - self.mse / self.variance

    def named(self, prefix: str = "") -> dict[str, float | None]:
        """The figures by the names that they have elsewhere: ``named("val_")`` has ``val_mse`` and so on."""
        return {f"{prefix}{name}": getattr(self, name) for name in FIGURES}
