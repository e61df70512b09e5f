"""One arm: its replicates' values, their mean, and how sure that mean is."""

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from normlab.analysis.basis import Basis, alone
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import Interval, spread, t_interval, unit_of
from normlab.analysis.validation import as_values, check_confidence

_SUPPOSES = "runs that do not depend on each other, and values that are roughly normal"


@dataclass(frozen=True)
class ArmStatistics:
    """What one arm's replicates say of it."""

    values: tuple[float, ...]
    mean: float
    standard_deviation: float | None
    """With n - 1 in the denominator; None for a single value."""
    interval: Interval
    """Student's interval for the mean, as far as that can lie; infinite for a single value."""
    basis: Basis
    """Of ``interval``. It is that of this arm alone: two arms are compared by their pairs, not by these."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def describe_arm(
    values: ArrayLike, *, confidence: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> ArmStatistics:
    """Mean, standard deviation and Student's interval of an arm's values, one per replicate, shape (n,).

    ``bounds`` are what values, and so their mean, lie between. Student's interval knows nothing of them; it is cut off
    there, which keeps its promise, since the true mean lies inside.

    Intervals of two arms that overlap do not show that the arms are alike: pairs can tell them apart all the
    same (``compare_paired``). Raises ``ValueError`` for no values, or values that are not finite.
    """
    array = as_values("values", values)
    level = check_confidence(confidence)
    unit = unit_of(array)
    scaled = array / unit
    mean, sd = float(scaled.mean()), spread(scaled)
    interval = t_interval(mean, sd, len(array), level).times(unit)
    return ArmStatistics(
        values=tuple(array.tolist()),
        mean=mean * unit,
        standard_deviation=sd * unit if len(array) > 1 else None,
        interval=interval if len(array) == 1 else interval.within(*bounds),
        basis=alone(level, _SUPPOSES),
    )
