"""How well a network's probabilities fit how often it is right.

The expected calibration error of the most probable class (Naeini, Cooper & Hauskrecht, "Obtaining well calibrated
probabilities using Bayesian binning", AAAI 2015; with these bins Guo et al., "On calibration of modern neural
networks", ICML 2017): samples are put into bins by their confidence, and the distances between the mean confidence and
the accuracy of each bin are averaged, weighed by its samples.
"""

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 15
"""Of equal width between 0 and 1, as Guo et al. take them; of equal numbers of samples, where the confidence allows."""


@dataclass(frozen=True)
class Bin:
    """The samples whose confidence is above ``low`` and at most ``high``. Without samples both means are None."""

    low: float
    high: float
    samples: int
    confidence: float | None
    """Mean."""
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    """Confidence beside accuracy."""

    expected_calibration_error: float
    """Over ``bins``, which are of equal width."""
    adaptive_calibration_error: float
    """The same over bins of equally many samples (Nguyen & O'Connor, "Posterior calibration and exploratory analysis
    for natural language processing models", EMNLP 2015), which does not leave nearly all of them to one bin."""
    error_by_chance: float
    """What ``expected_calibration_error`` a perfectly calibrated network of these confidences has on so many samples,
    on average: an error of about that says nothing against a network."""
    confidence: float
    """Mean; above the accuracy, the network is surer than it should be."""
    bins: tuple[Bin, ...]


def calibration(confidence: npt.NDArray[Any], right: npt.NDArray[np.bool_]) -> Calibration:
    """How the probabilities of the most probable classes (n,) fit whether these are right (n,); n is at least 1."""
    sure = np.asarray(confidence, np.float64)
    edges = np.linspace(0, 1, BINS + 1)
    # A bin that holds its upper edge, and the first also 0.
    number = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, BINS - 1)
    samples, sums, rights = _binned(number, sure, right, BINS)
    return Calibration(
        expected_calibration_error=float(np.abs(sums - rights).sum() / len(sure)),
        adaptive_calibration_error=_adaptive(sure, right),
        error_by_chance=_by_chance(number, sure),
        confidence=float(sure.mean()),
        bins=tuple(
            Bin(
                low=float(edges[index]),
                high=float(edges[index + 1]),
                samples=int(count),
                confidence=float(sums[index] / count) if count else None,
                accuracy=float(rights[index] / count) if count else None,
            )
            for index, count in enumerate(samples)
        ),
    )


def _binned(
    number: npt.NDArray[np.int64], sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Of each bin: its samples, the sum of their confidences, and how many are right."""
    return (
        np.bincount(number, minlength=bins),
        np.bincount(number, weights=sure, minlength=bins),
        np.bincount(number, weights=right, minlength=bins),
    )


def _adaptive(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """The error over bins between quantiles. Equal confidences share a bin, so that their order does not matter."""
    edges = np.unique(np.quantile(sure, np.linspace(0, 1, BINS + 1)[1:-1], method="higher"))
    number = np.searchsorted(edges, sure, side="left")
    _, sums, rights = _binned(number, sure, right, len(edges) + 1)
    return float(np.abs(sums - rights).sum() / len(sure))


def _by_chance(number: npt.NDArray[np.int64], sure: npt.NDArray[np.float64]) -> float:
    """Were each sample right with the probability of its confidence, a bin's right answers would have this variance,
    and the mean distance of a normal variable from its mean is its deviation times √(2/π)."""
    variance = np.bincount(number, weights=sure * (1 - sure), minlength=BINS)
    return float(np.sqrt(np.maximum(variance, 0)).sum() * sqrt(2 / pi) / len(sure))
