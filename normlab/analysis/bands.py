"""Two arms' learning curves as a whole: where along them is a difference shown, with one error for all
epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from normlab.analysis.basis import Basis, alone
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import NO_INTERVAL, Interval, unit_of
from normlab.analysis.validation import ROUNDING, Floats, as_generator, as_matrix, check_confidence

_SUPPOSES = (
    "pairs that do not depend on each other, and differences that are roughly normal at all epochs together"
)
_DRAWS = 4_000
_BLOCK = 2_000_000


@dataclass(frozen=True)
class DifferenceBand:
    """A simultaneous confidence band for the mean difference ``b - a`` over epochs 1 to E."""

    difference: tuple[float, ...]
    band: tuple[Interval, ...]
    """The whole true curve lies inside with the given confidence."""
    critical_value: float
    """How many standard errors wide the band is to each side; infinite with one pair."""
    pairs: int
    confidence: float
    basis: Basis
    """Of the band as a whole."""
    reading: str

    @property
    def leaves_zero(self) -> bool:
        """Whether a difference is shown at some epoch."""
        return any(interval.excludes_zero() for interval in self.band)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def difference_band(
    a: ArrayLike,
    b: ArrayLike,
    *,
    basis: Basis | None = None,
    confidence: float = 0.95,
    higher_is_better: bool = True,
    names: tuple[str, str] = ("a", "b"),
    rng: np.random.Generator | int | None = None,
) -> DifferenceBand:
    """The sup-t band for the mean of ``b - a`` over epochs; ``a`` and ``b`` have shape (pairs, epochs).

    At each epoch the band is mean ± c · sd / √n with one c for all epochs, so that the largest |t| over the epochs
    stays below c with the given confidence. c is the quantile of that largest |t| for normal data with the epochs'
    observed correlation, drawn by simulation. A correlation seen in n pairs looks stronger than it is, so it is drawn
    towards zero by 1/√n (found by simulation to keep the promise); Bonferroni's value bounds c from above.

    ``basis`` gives the level where it is corrected for something; else it is ``confidence``.

    Reading this band answers "from which epoch to which", where a test at each epoch would find some
    difference in most comparisons of an arm with itself. Raises ``ValueError`` for tables that do not fit
    each other.

    Source: Montiel Olea & Plagborg-Møller (2019), Simultaneous confidence bands: theory, implementation, and
    an application to SVARs, J. Appl. Econometrics 34.
    """
    first, second = as_matrix("a", a), as_matrix("b", b)
    if first.shape != second.shape:
        raise ValueError(
            f"a and b should have the same pairs and epochs, but their shapes are {first.shape} and {second.shape}: "
            "give the epochs that all runs have"
        )
    basis = basis or alone(confidence, "")
    basis, confidence = replace(basis, supposes=_SUPPOSES), check_confidence(basis.level)
    unit = unit_of(first, second)
    d = second / unit - first / unit  # (n, E)
    d[np.abs(d) <= ROUNDING] = 0.0
    n, epochs = d.shape
    mean = d.mean(axis=0)  # (E,)
    if n == 1:
        critical, band = float("inf"), (NO_INTERVAL,) * epochs
    else:
        sd = d.std(axis=0, ddof=1)  # (E,)
        sd[sd <= ROUNDING] = 0.0
        critical = _critical_value(d[:, sd > 0], confidence, as_generator(rng)) if np.any(sd > 0) else 0.0
        half = critical * sd / np.sqrt(n)
        ends = zip((mean - half).tolist(), (mean + half).tolist(), strict=True)
        band = tuple(Interval(low, high).times(unit) for low, high in ends)
    return DifferenceBand(
        difference=tuple((mean * unit).tolist()),
        band=band,
        critical_value=critical,
        pairs=n,
        confidence=confidence,
        basis=basis,
        reading=_reading(band, names if higher_is_better else (names[1], names[0])),
    )


def _critical_value(d: Floats, confidence: float, rng: np.random.Generator) -> float:
    """c for differences of shape (n, E), all epochs with some spread."""
    n, epochs = d.shape
    bonferroni = float(stats.t.isf((1 - confidence) / 2 / epochs, n - 1))
    if epochs == 1:
        return bonferroni
    z = (d - d.mean(axis=0)) / d.std(axis=0, ddof=1)
    shrinkage = 1 / np.sqrt(n)
    # (E, n): loadings @ loadings.T is the shrunken correlation but for its diagonal, to which each epoch's own
    # part is added.
    loadings = z.T * np.sqrt((1 - shrinkage) / (n - 1))
    own = np.sqrt(shrinkage)
    largest = np.empty(_DRAWS)
    block = max(1, _BLOCK // (n * epochs))
    for start in range(0, _DRAWS, block):
        draws = min(block, _DRAWS - start)
        common = rng.standard_normal((draws, n, n))
        x = common @ loadings.T + own * rng.standard_normal((draws, n, epochs))  # (draws, n, E)
        t = np.abs(x.mean(axis=1)) / (x.std(axis=1, ddof=1) / np.sqrt(n))
        largest[start : start + draws] = t.max(axis=1)
    return min(bonferroni, float(np.quantile(largest, confidence)))


def _reading(band: Sequence[Interval], names: tuple[str, str]) -> str:
    """Who is ahead from which epoch to which. ``names`` are those of the arms behind below and above zero."""
    states = [names[1] if interval.low > 0 else names[0] if interval.high < 0 else None for interval in band]
    if not any(states):
        return "No difference shown at any epoch."
    parts, epoch = [], 1
    for state, group in groupby(states):
        length = len(list(group))
        last = epoch + length - 1
        where = f"at epoch {epoch}" if length == 1 else f"from epoch {epoch} to {last}"
        if state is None and last == len(states):
            where = "after"
        parts.append(f"{state} ahead {where}" if state else f"no difference shown {where}")
        epoch += length
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if states[0] is None else f"{text}."
