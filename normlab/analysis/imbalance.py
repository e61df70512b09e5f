"""Caveats on classes that are far from equally frequent, where plain accuracy is mostly about the frequent ones."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

import numpy as np

from normlab.analysis.intervals import spread, t_interval
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.spec.metrics import Metric

FAR = 0.15
"""The ``imbalance`` from which on accuracy and balanced accuracy are told apart. Of two classes 65 to 35 is 0.15; ten
classes that are equally frequent, drawn at random, have 0.1 among 137 samples, and less among more."""

_BALANCED = {
    Metric.VAL_ACCURACY: Metric.VAL_BALANCED_ACCURACY,
    Metric.TEST_ACCURACY: Metric.TEST_BALANCED_ACCURACY,
}

Arms = Mapping[str, Sequence[RunRecord]]


def imbalance_of_pairs(paired: Arms, metric: Metric, confidence: float) -> Iterable[str]:
    """Where a comparison is by plain accuracy: what balanced accuracy says of its pairs, given by the arms' runs in the
    order of the pairs."""
    lead = _lead(paired, metric)
    if lead is None:
        return
    balanced = _BALANCED[metric]
    values = {name: _values(runs, balanced) for name, runs in paired.items()}
    known = {name: found for name, found in values.items() if found is not None}
    if len(known) < len(values):
        yield f"{lead} {_not_known(balanced)}"
        return
    plain = {name: _values(runs, metric) or [] for name, runs in paired.items()}
    told = "; ".join(_difference(a, b, known, plain, confidence) for a, b in combinations(known, 2))
    yield (
        f"{lead} By {balanced.words}: {told} ({100 * confidence:.4g} % intervals, corrected for nothing). This does "
        f"not count: the comparison is by the {metric.words}, and to pick the metric that decides is a look more."
    )


def imbalance_side_by_side(arms: Arms, metric: Metric = Metric.VAL_ACCURACY) -> Iterable[str]:
    """The same of runs that are only shown: each arm's mean balanced accuracy."""
    lead = _lead(arms, metric)
    if lead is None:
        return
    balanced = _BALANCED[metric]
    values = {name: _values(runs, balanced) for name, runs in arms.items()}
    style = style_of(balanced)
    means = [f"{name} {style.value(fmean(found))}" for name, found in values.items() if found]
    told = f"The {balanced.words}: {', '.join(means)}." if len(means) == len(values) else _not_known(balanced)
    yield f"{lead} {told}"


def _lead(arms: Arms, metric: Metric) -> str | None:
    """What is the matter; None where nothing is, or where that is not known."""
    if metric not in _BALANCED:
        return None
    largest = max(
        (run.imbalance.get(metric.part, 0.0) for runs in arms.values() for run in runs), default=0.0
    )
    if largest < FAR:
        return None
    return (
        f"The classes of the {metric.part} samples are far from equally frequent, so accuracy is mostly about the "
        "frequent ones: balanced accuracy, in which all classes count alike, can be up to "
        f"{100 * largest:.0f} percentage points from it."
    )


def _not_known(balanced: Metric) -> str:
    return f"It is not known of all these runs: train them anew and compare them by {balanced.value}."


def _values(runs: Sequence[RunRecord], metric: Metric) -> list[float] | None:
    """The metric of each run; None unless all have one."""
    values = [value for run in runs if (value := metric.of(run)) is not None]
    return values if values and len(values) == len(runs) else None


def _difference(
    a: str,
    b: str,
    balanced: Mapping[str, Sequence[float]],
    plain: Mapping[str, Sequence[float]],
    level: float,
) -> str:
    """``b minus a is +1.20 percentage points (0.30 to 2.10)``, and whether accuracy says the reverse."""
    style = style_of(Metric.VAL_BALANCED_ACCURACY)
    differences = np.subtract(balanced[b], balanced[a])
    mean, pairs = float(differences.mean()), len(differences)
    text = f"{b} minus {a} is {style.difference(mean, sign=True)}{style.unit}"
    if pairs > 1:
        low, high = t_interval(mean, spread(differences), pairs, level)
        text += f" ({style.difference(low)} to {style.difference(high)})"
    if mean * (fmean(plain[b]) - fmean(plain[a])) < 0:
        text += ", the reverse of what accuracy says"
    return text
